"""Kill workers under load, then account for every task.

`python -m tests.chaos` (or `make chaos`) starts a real Kafka, two `stillframe worker` processes and a
producer process, and kills workers with SIGKILL on a seeded schedule. Every process keeps an append-only
journal; in the end one pure checker reads the journals and the topics, and says what became of each task.

    settings    what a run is: TASKS, RATE, KILLS, SEED, CONTROL
    schedule    when which worker is killed
    conductor   one run from the first topic to the last journal
    fleet       the worker processes
    load        the producer process
    app         the worker under test, with work (what its tasks do) and witness (what it writes down)
    naive       the control arm: a consumer as one writes it in ten lines, which must come out red
    journal     rows that survive kill -9
    topics      what is in Kafka before and after
    checker     rows in, verdict out
    report      the verdict as text
"""
