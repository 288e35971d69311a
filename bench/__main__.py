"""Run every benchmark, one after another."""

from bench import consume, ladder, memory, redrive, submit

if __name__ == "__main__":
    submit.main()
    consume.main()
    ladder.main()
    redrive.main()
    memory.main()
