"""Retention has overtaken the group: its partition stops and says what is gone; no silent skip, no replay (I1, I9).

Committing the log's beginning, while the group has no member, goes on with what is left.
"""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stillframe.consumer import Worker
from tests.engine.looking import await_commits, committed
from tests.engine.running import make_worker, running
from tests.engine.skipping import commit_past
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka


def test_tasks_deleted_unread_stop_their_partition_until_skipped(kafka: Kafka, topic_name: str) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch()

    def make(watch: Watch) -> Worker:
        return make_worker(
            bootstrap, "g", task_type, lambda work, context: None, middleware=watch.middleware,
            listeners=watch.listeners, stall_after=4,
        )  # fmt: skip

    first = make(watch)
    create_family(kafka, first, partitions=1)
    read = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    with running(first):
        watch.await_done(read)
        await_commits(bootstrap, "g", topic_name, 1)
    submit(bootstrap, task_type, [Work(number=n) for n in range(20)])
    left = submit(bootstrap, task_type, [Work(number=n) for n in range(5)])
    place = TopicPartition(topic_name, 0, 30)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_records([place])[place].result(10)

    watch = watch.of_another()
    with running(make(watch)):
        watch.await_unready(f"{topic_name}[0]", "offset 10", "the log begins at 30", "20 offset(s) were deleted")
    assert committed(bootstrap, "g", topic_name, 1) == [10]
    assert watch.journal.done == set(read)

    commit_past(bootstrap, "g", topic_name, 0, 30)
    watch = watch.of_another()
    with running(make(watch)):
        watch.await_done(left)
        watch.await_ready()
        await_commits(bootstrap, "g", topic_name, 1)
    assert watch.journal.duplicates == set()
    assert watch.journal.done == {*read, *left}
