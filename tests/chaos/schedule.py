"""When what is disturbed, and for how long. Pure: the seed decides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.settings import SESSION, Scenario, Settings

#: Seconds from one disturbance of the workers to the next, and from one of the brokers to the next. A killed
#: broker is back in its replica sets in less: the others never have to go on without it and a second one.
WORKERS_EVERY = 2 * SESSION
BROKERS_EVERY = 25.0
NODES = 3
#: The slot whose worker reaches its brokers through our proxy.
REMOTE = 0
#: Workers of the largest group in a rolling scenario.
SCALED_OUT = 8


class Kind(StrEnum):
    """What is done, to a worker's slot or to a broker."""

    KILL = "kill -9"  # a node dies; another takes its place at once
    RESTART = "restart"  # SIGTERM, and a new one once it has ended
    JOIN = "join"
    LEAVE = "leave"  # SIGTERM, and no new one
    FREEZE = "freeze"  # SIGSTOP, and SIGCONT after longer than a session
    CUT = "cut off"  # no byte passes between the worker and any broker
    BROKER_KILL = "broker kill -9"
    BROKER_RESTART = "broker restart"  # gives its leaderships away before it ends
    ELECT = "elect leaders"  # every partition goes back to the broker that it prefers


#: In which order a long mixed run has them; each occurs before any comes again.
OF_WORKERS = (Kind.KILL, Kind.RESTART, Kind.JOIN, Kind.FREEZE, Kind.CUT)
OF_BROKERS = (Kind.BROKER_KILL, Kind.BROKER_RESTART)


@dataclass(frozen=True, order=True)
class Disturbance:
    """What begins so many seconds after the load has, at which slot or node, and ends `seconds` later."""

    after: float
    kind: Kind
    target: int
    seconds: float = 0.0


Plan = Iterator[Disturbance]


def schedule(settings: Settings) -> list[Disturbance]:
    """All disturbances of a run, in order."""
    return sorted(PLANS[settings.scenario](settings, Random(settings.seed)))


def _quiet(_settings: Settings, _random: Random) -> Plan:
    return iter(())


def _mixed(settings: Settings, random: Random) -> Plan:
    """Two lines of their own, so that at most one worker and one broker are disturbed at a time.

    What befalls a worker may last into the share of the next one, which then is another.
    """
    yield from _to_workers(settings, random)
    kinds = _in_turn(OF_BROKERS, random)
    for after in _moments(settings.seconds, int(settings.seconds // BROKERS_EVERY), random, until=0.4):
        yield from _to_broker(next(kinds), after, random)


def _to_workers(settings: Settings, random: Random) -> Plan:
    kinds, slot, joined = _in_turn(OF_WORKERS, random), -1, settings.workers
    for after in _moments(settings.seconds, int(settings.seconds // WORKERS_EVERY), random):
        kind, slot = next(kinds), random.choice([each for each in range(settings.workers) if each != slot])
        if kind is Kind.JOIN:
            yield Disturbance(after, Kind.JOIN, joined)
            yield Disturbance(after + _beyond_session(random), Kind.LEAVE, joined)
            joined += 1
            continue
        slot = REMOTE if kind is Kind.CUT else slot
        yield Disturbance(after, kind, slot, _beyond_session(random) if kind in {Kind.FREEZE, Kind.CUT} else 0)


def _to_broker(kind: Kind, after: float, random: Random) -> Plan:
    """It is down for some seconds, and gets its leaderships back when it has had the time to catch up."""
    yield Disturbance(after, kind, random.randint(1, NODES), random.uniform(1, 6))
    yield Disturbance(after + 0.6 * BROKERS_EVERY, Kind.ELECT, 0)


def _kills(settings: Settings, random: Random) -> Plan:
    for after in _moments(settings.seconds, settings.count, random):
        yield Disturbance(after, Kind.KILL, random.randrange(settings.workers))


def _freezes(settings: Settings, random: Random) -> Plan:
    for after in _moments(settings.seconds, settings.count, random, until=0.3):
        yield Disturbance(after, Kind.FREEZE, random.randrange(settings.workers), _beyond_session(random))


def _broker_kills(settings: Settings, random: Random) -> Plan:
    for after in _moments(settings.seconds, settings.count, random, until=0.3):
        yield from _to_broker(Kind.BROKER_KILL, after, random)


def _rolling(settings: Settings, random: Random) -> Plan:
    """Rounds over all workers for three quarters of the time, then down to one, up to eight, down to one."""
    restarts, rounds = settings.count * settings.workers, 0.75 * settings.seconds
    for number in range(restarts):
        yield Disturbance(number * rounds / restarts, Kind.RESTART, number % settings.workers)
    step, after = 0.25 * settings.seconds / 4, rounds
    for kind, slots in (
        (Kind.LEAVE, range(1, settings.workers)),
        (Kind.JOIN, range(1, SCALED_OUT)),
        (Kind.LEAVE, range(1, SCALED_OUT)),
    ):
        after += step
        for slot in slots:
            yield Disturbance(after + random.uniform(0, 0.5), kind, slot)


def _storm(settings: Settings, random: Random) -> Plan:
    """Every worker is restarted by itself, as often as the others, whatever happens to these."""
    for slot in range(settings.workers):
        for after in _moments(settings.seconds, settings.count, random):
            yield Disturbance(after, Kind.RESTART, slot)


PLANS: dict[Scenario, Callable[[Settings, Random], Plan]] = {
    Scenario.QUIET: _quiet,
    Scenario.MIXED: _mixed,
    Scenario.KILLS: _kills,
    Scenario.ROLLING: _rolling,
    Scenario.STORM: _storm,
    Scenario.FREEZE: _freezes,
    Scenario.BROKERS: _broker_kills,
}


def _moments(seconds: float, count: int, random: Random, until: float = 1.0) -> Iterator[float]:
    """Spread over the time unevenly: each in a share of its own, between a fifth of it and `until`.

    So the first meets work, and two of them now and then fall within a session of each other.
    """
    share = seconds / max(1, count)
    return ((number + random.uniform(0.2, until)) * share for number in range(count))


def _beyond_session(random: Random) -> float:
    return random.uniform(1.3, 1.8) * SESSION


def _in_turn(kinds: tuple[Kind, ...], random: Random) -> Iterator[Kind]:
    while True:
        yield from random.sample(kinds, len(kinds))
