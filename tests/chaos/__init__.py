"""Disturb workers and brokers under load, then account for every task.

`python -m tests.chaos` (or `make chaos`) starts three real Kafka brokers, some `stillframe worker` processes
and a producer process, and disturbs them on a seeded schedule. Every process keeps an append-only journal; in
the end one pure checker reads the journals and the topics, and says what became of each task.

    settings    what a run is: SCENARIO and its preset, MINUTES, RATE, WORKERS, PARTITIONS, COUNT, PROTOCOL, SEED
    schedule    what is disturbed when, and for how long
    conductor   one run from the first topic to the last journal
    stage       every way to disturb: what the schedule says, done and written down
    fleet       the worker processes: start, kill, freeze, terminate
    proxy       the way from one worker to its brokers, which can be cut
    leaders     who leads what in the cluster, and how to change it
    load        the producer process
    app         the worker under test, with work (what its tasks do) and witness (what it writes down)
    naive       the control arm: a consumer as one writes it in ten lines, which must come out red
    journal     rows that survive kill -9
    topics      what is in Kafka before and after
    checker     rows in, verdict out
    figures     what each scenario has to reach
    report      the verdict as text
"""
