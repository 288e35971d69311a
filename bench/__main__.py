"""Run every benchmark, one after another."""

from bench import consume, redrive, submit

if __name__ == "__main__":
    submit.main()
    consume.main()
    redrive.main()
