"""The oracle: journal rows in, verdict out. Pure, and itself tested by mutation in tests/unit.

evidence     the rows as facts that can be asked
losses       which acknowledged tasks have no end, and which have two
duplicates   which attempts were started twice, and why
order        first attempts of a key out of order, attempts of a key at once, starts at a wrong time
commits      offsets committed above an unfinished one, or backwards
recovery     what each kill hit, and how long it took to be taken over
"""

from tests.chaos.checker.verdict import Verdict, check

__all__ = ["Verdict", "check"]
