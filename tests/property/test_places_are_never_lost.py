"""The bounded queue's places, against a model: never more, never fewer, and first come first served."""

from concurrent.futures import Future

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers

from stillframe.producer.slots import Slots

SIZE = 3


class Places(RuleBasedStateMachine):
    """Callers come, give up, give back and are cancelled by asyncio, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots(SIZE)
        self.held = 0
        self.waiting: list[Future[bool]] = []
        self.closed = False

    @rule()
    def come(self) -> None:
        place = self.slots.enter()
        if self.closed:
            assert place.result(0) is False
        elif self.held < SIZE:
            assert place.result(0) is True
            self.held += 1
        else:
            assert not place.done()
            self.waiting.append(place)

    @precondition(lambda self: self.held)
    @rule()
    def give_back(self) -> None:
        self.slots.release()
        heirs = [place for place in self.waiting if not place.cancelled()]
        if heirs:
            assert heirs[0].result(0) is True
            self.waiting = heirs[1:]
        else:
            self.held -= 1
            self.waiting = []

    @precondition(lambda self: self.waiting)
    @rule(choice=integers(min_value=0))
    def give_up(self, choice: int) -> None:
        place = self.waiting.pop(choice % len(self.waiting))
        assert self.slots.leave(place)

    @precondition(lambda self: self.waiting)
    @rule(choice=integers(min_value=0))
    def be_cancelled_by_asyncio(self, choice: int) -> None:
        """The wait is over, and leave() is yet to be called, or never will be."""
        self.waiting[choice % len(self.waiting)].cancel()

    @precondition(lambda self: self.closed is False)
    @rule()
    def close(self) -> None:
        self.slots.close()
        for place in self.waiting:
            assert place.cancelled() or place.result(0) is False
            assert self.slots.leave(place)
        self.waiting, self.closed = [], True

    @invariant()
    def whoever_waits_is_unanswered(self) -> None:
        assert all(place.cancelled() or not place.done() for place in self.waiting)


Places.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestPlacesAreNeverLost = Places.TestCase
