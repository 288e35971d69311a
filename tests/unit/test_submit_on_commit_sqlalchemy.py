"""Tasks of a session's transaction: submitted after its commit, and only then."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Integer, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, scoped_session, sessionmaker

from stillframe.producer import Prepared, SubmitFailed, SubmitRejected
from stillframe.producer.sqlalchemy import submit_on_commit
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import DefinitionError
from tests.producing import Email, email_type

SEND = email_type()


class Row(DeclarativeBase):
    pass


class Order(Row):
    __tablename__ = "orders"
    id = mapped_column(Integer, primary_key=True)


class Shop:
    """A database, a producer, and what is submitted when."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://")
        Row.metadata.create_all(self.engine)
        self.producer = RecordingProducer()

    def prepare(self, to: str) -> Prepared:
        return self.producer.prepare(SEND, Email(to=to))

    @property
    def sent(self) -> list[str]:
        return [task.payload.to for task in self.producer.tasks]

    @property
    def orders(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("select count(*) from orders")).scalar_one())


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.engine.dispose()


def test_nothing_is_sent_before_the_commit_and_all_after_it(shop: Shop) -> None:
    """In order, and with the id that was known before."""
    with Session(shop.engine) as session:
        session.add(Order())
        first = submit_on_commit(session, shop.prepare("a"))
        submit_on_commit(session, shop.prepare("b"))
        session.flush()
        assert shop.sent == []
        session.commit()
    assert shop.sent == ["a", "b"]
    assert str(shop.producer.tasks[0].id) == first
    assert shop.orders == 1


def test_a_transaction_that_is_rolled_back_submits_nothing(shop: Shop) -> None:
    """Nor does the next one on its behalf, and neither does a session that is closed unfinished."""
    with Session(shop.engine) as session:
        session.add(Order())
        submit_on_commit(session, shop.prepare("no"))
        session.rollback()
        session.add(Order())
        session.commit()
        submit_on_commit(session, shop.prepare("neither"))
    with Session(shop.engine) as session, suppress(ZeroDivisionError), session.begin():
        submit_on_commit(session, shop.prepare("nor this"))
        raise ZeroDivisionError
    assert shop.sent == []


def test_a_savepoint_takes_its_own_tasks_back(shop: Shop) -> None:
    """What was prepared after a savepoint that is rolled back is gone; what was in released ones is sent."""
    with Session(shop.engine) as session, session.begin():
        submit_on_commit(session, shop.prepare("before"))
        with suppress(ZeroDivisionError), session.begin_nested():
            submit_on_commit(session, shop.prepare("undone"))
            with session.begin_nested():
                submit_on_commit(session, shop.prepare("undone with it"))
            raise ZeroDivisionError
        with session.begin_nested():
            submit_on_commit(session, shop.prepare("released"))
        assert shop.sent == []
    assert shop.sent == ["before", "released"]


def test_each_commit_submits_its_own(shop: Shop) -> None:
    """A session that goes on after a commit sends nothing twice."""
    with Session(shop.engine) as session:
        for to in ("a", "b"):
            submit_on_commit(session, shop.prepare(to))
            session.commit()
    assert shop.sent == ["a", "b"]


def test_a_commit_that_fails_submits_nothing(shop: Shop) -> None:
    """The database has the last word."""

    def refuse(*_: Any) -> None:
        raise ZeroDivisionError

    event.listen(shop.engine, "commit", refuse)
    with Session(shop.engine) as session:
        session.add(Order())
        submit_on_commit(session, shop.prepare("no"))
        with pytest.raises(ZeroDivisionError):
            session.commit()
    assert shop.sent == []


def test_a_refusal_is_raised_after_the_commit_and_the_session_goes_on(shop: Shop) -> None:
    """The data stays, the other tasks are submitted, the error says how many were refused."""
    shop.producer.fail_next(SubmitRejected("full"))
    shop.producer.fail_next(SubmitFailed("no such topic"))
    with Session(shop.engine) as session:
        session.add(Order())
        for to in ("a", "b", "c"):
            submit_on_commit(session, shop.prepare(to))
        with pytest.raises(SubmitRejected, match="full") as refused:
            session.commit()
        (note,) = refused.value.__notes__
        assert note.startswith("and so was another: task")
        assert note.endswith("no such topic")
        assert (shop.orders, shop.sent) == (1, ["c"])
        session.add(Order())
        submit_on_commit(session, shop.prepare("d"))
        session.commit()
    assert (shop.orders, shop.sent) == (2, ["c", "d"])


def test_a_refusal_leaves_a_block_that_begins_a_transaction(shop: Shop) -> None:
    """The same for ``with sessionmaker.begin()``."""
    shop.producer.fail_next(SubmitRejected("full"))

    def handle() -> None:
        with sessionmaker(shop.engine).begin() as session:
            session.add(Order())
            submit_on_commit(session, shop.prepare("a"))

    with pytest.raises(SubmitRejected):
        handle()
    assert shop.orders == 1


def test_a_scoped_session_is_the_session_of_its_thread(shop: Shop) -> None:
    """As Flask-SQLAlchemy's ``db.session`` is."""
    session = scoped_session(sessionmaker(shop.engine))
    session.add(Order())
    submit_on_commit(session, shop.prepare("a"))
    session.commit()
    session.remove()
    assert shop.sent == ["a"]


def test_an_async_session_is_told_what_to_do() -> None:
    """Its commit runs on the event loop, which must not wait for Kafka."""

    session: Any = type("AsyncSession", (), {})()
    with pytest.raises(DefinitionError, match=r"AsyncSession is not a Session.* await prepared\.asubmit\(\)"):
        submit_on_commit(session, RecordingProducer().prepare(SEND, Email()))
