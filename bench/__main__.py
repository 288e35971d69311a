"""Run every benchmark, one after another."""

from bench import consume, ladder, redrive, submit

if __name__ == "__main__":
    submit.main()
    consume.main()
    ladder.main()
    redrive.main()
