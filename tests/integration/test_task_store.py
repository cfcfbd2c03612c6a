"""Tasks recorded, read, published again and replayed."""

import time

import eventlet
import pytest

from services.contracts.errors import Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import DeadLetter, Outcome, Task
from services.info import dead_letters, requests, sessions, task_store
from services.info.batch import execute
from services.info.republish import republish
from services.runtime.messaging.broker import NotAccepted
from services.runtime.postgres.database import Pool
from tests.office import IDLE_SECONDS, Office, code_of
from tests.task_ids import task_id_of_age
from tests.waiting import eventually


def record(office: Office, task: Task, key: str | None = None, fingerprint: str | None = "f") -> task_store.Recorded:
    return office.pool.run(lambda tx: task_store.record(tx, task, key, fingerprint, 60.0))


def read(office: Office, name: str, task_id: str) -> dict[str, object] | None:
    with office.pool.transaction() as tx:
        return task_store.task(tx, office.ids[name], task_id)


def listed(office: Office, name: str, **options: object) -> tuple[list[str], str | None]:
    with office.pool.transaction() as tx:
        page = task_store.tasks_of(tx, office.ids[name], **options)  # type: ignore[arg-type]
    return [task["id"] for task in page["tasks"]], page["next_cursor"]


# --- recording


def test_a_key_gives_the_task_that_was_recorded_first(office: Office) -> None:
    first = office.task("alice", "create_customer", {"name": "Ada"})
    answer = record(office, first, "key")
    assert answer == {"id": first["id"], "submitted_at": first["submitted_at"]}
    assert record(office, office.task("alice", "create_customer", {"name": "Ada"}), "key") == answer
    assert office.value("SELECT count(*) FROM task WHERE action = 'create_customer'") == 1


def test_a_key_with_another_task_is_a_conflict_and_another_operators_key_is_another_key(office: Office) -> None:
    record(office, office.task("alice", "get_customer", {"id": 1}), "key", "one")
    with pytest.raises(Refusal, match="idempotency_conflict"):
        record(office, office.task("alice", "get_customer", {"id": 2}), "key", "two")
    other = office.task("bob", "get_customer", {"id": 2})
    assert record(office, other, "key", "two")["id"] == other["id"]


def test_a_key_used_many_times_at_once_records_one_task(office: Office) -> None:
    tasks = [office.task("alice", "create_customer", {"name": "Ada"}) for _ in range(12)]
    workers = [eventlet.spawn(record, office, task, "key") for task in tasks]
    assert len({worker.wait()["id"] for worker in workers}) == 1
    assert office.value("SELECT count(*) FROM task WHERE action = 'create_customer'") == 1


def test_a_task_without_a_key_is_recorded_once_by_its_id(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    assert record(office, task) == record(office, task)
    assert [outcome["status"] for outcome in office.run(task)] == ["succeeded"]


def test_data_that_cannot_be_stored_is_refused(office: Office) -> None:
    with pytest.raises(Refusal, match="invalid_request"):
        record(office, office.task("alice", "create_customer", {"name": "\0"}))


# --- reading


def test_a_task_reads_as_accepted_and_then_as_its_outcome(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    assert read(office, "alice", task["id"]) is None
    record(office, task)
    assert read(office, "alice", task["id"]) == {
        "id": task["id"],
        "action": "create_customer",
        "status": "accepted",
        "operator": {"id": office.ids["alice"], "name": "alice", "role": "Admin"},
        "data": {"name": "Ada"},
        "submitted_at": task["submitted_at"],
        "finished_at": None,
        "result": None,
        "error": None,
    }
    (outcome,) = office.run(task)
    assert read(office, "alice", task["id"]) == outcome


@pytest.mark.parametrize("task_id", ["x", "00000000-0000-4000-8000-000000000000", None])
def test_another_operators_task_and_no_task_at_all_are_not_found(office: Office, task_id: str | None) -> None:
    foreign = office.do("alice", "create_customer", {"name": "Ada"})
    with pytest.raises(Refusal, match="not_found"):
        read(office, "bob", task_id or foreign["id"])


def test_look_ups_are_left_out_or_listed_alone(office: Office) -> None:
    customer = office.add_customer()
    looked = [office.do("alice", "get_customer", {"id": customer})["id"] for _ in range(3)]

    changed = listed(office, "alice", reads=False)[0]

    assert set(changed).isdisjoint(looked)
    assert len(changed) == len(listed(office, "alice")[0]) - 3
    assert listed(office, "alice", reads=True)[0] == looked[::-1]
    assert listed(office, "alice", reads=True, limit=1)[1] is not None


def test_tasks_are_listed_newest_first_in_pages(office: Office) -> None:
    ids = []
    for number in range(5):
        ids.append(office.do("bob", "get_customer", {"id": number + 1})["id"])
        time.sleep(0.002)
    office.do("carol", "get_customer", {"id": 1})
    first, cursor = listed(office, "bob", limit=2)
    second, cursor = listed(office, "bob", limit=2, cursor=cursor)
    third, end = listed(office, "bob", limit=2, cursor=cursor)
    (login,) = [row["id"] for row in office.query("SELECT id FROM task WHERE action = 'login' AND operator_id = 2")]
    assert [*first, *second, *third] == [*reversed(ids), login]
    assert end is None


def test_tasks_are_listed_by_status(office: Office) -> None:
    waiting = office.task("bob", "get_customer", {"id": 1})
    record(office, waiting)
    failed = office.do("bob", "get_customer", {"id": 99})["id"]
    assert listed(office, "bob", status="accepted") == ([waiting["id"]], None)
    assert listed(office, "bob", status="failed") == ([failed], None)


@pytest.mark.parametrize(
    ("limit", "cursor", "status"),
    [(50, "%", None), (50, "AAAA", None), (50, "é", None), (0, None, None), (201, None, None), (50, None, "lost")],
)
def test_a_page_that_cannot_be_is_refused(office: Office, limit: int, cursor: str | None, status: str | None) -> None:
    with pytest.raises(Refusal, match="invalid_request"):
        listed(office, "bob", limit=limit, cursor=cursor, status=status)


def test_what_ended_since_an_outcome_comes_in_order_from_five_minutes_before_it(office: Office) -> None:
    owner = Pool(office.url, 1)
    ids = [office.do("bob", "get_customer", {"id": 1})["id"] for _ in range(4)]
    with owner.transaction() as tx:
        tx.execute("ALTER TABLE task DISABLE TRIGGER task_outcome_stays")
        for minutes, task_id in zip((7, 4, 2, 0), ids, strict=True):
            tx.execute(
                "UPDATE task SET finished_at = statement_timestamp() - %s * interval '1 minute' WHERE id = %s",
                (minutes, task_id),
            )
    owner.close()
    with office.pool.transaction() as tx:
        since = task_store.missed(tx, office.ids["bob"], ids[2])["outcomes"]
        foreign = task_store.missed(tx, office.ids["carol"], ids[2])["outcomes"]
        unknown = task_store.missed(tx, office.ids["bob"], new_task_id())["outcomes"]
    assert [outcome["id"] for outcome in since] == ids[1:]
    assert foreign == []
    assert [outcome["id"] for outcome in unknown] == ids[1:]


def test_an_outcome_that_began_earlier_and_committed_later_is_among_what_was_missed(office: Office) -> None:
    early, late = (office.task("alice", "create_customer", {"name": name}) for name in ("early", "late"))
    with office.pool.transaction() as tx:
        execute(tx, [requests.read({"task": early})], office.executor()._rules)
        office.run(late)
        with office.pool.transaction() as reader:
            seen = task_store.missed(reader, office.ids["alice"], late["id"])["outcomes"]
    with office.pool.transaction() as tx:
        missed = task_store.missed(tx, office.ids["alice"], late["id"])["outcomes"]
    assert [outcome["id"] for outcome in seen] == [late["id"]]
    assert [outcome["id"] for outcome in missed] == [early["id"], late["id"]]


def test_an_id_of_a_clock_that_is_fast_hides_nothing_of_what_was_missed(office: Office) -> None:
    """A client names the last task it submitted, or a gateway an id of its own, before there is any outcome."""
    outcome = office.do("alice", "create_customer", {"name": "Ada"})
    an_hour_fast = task_id_of_age(hours=-1)
    with office.pool.transaction() as tx:
        missed = task_store.missed(tx, office.ids["alice"], an_hour_fast)["outcomes"]
    assert [each["id"] for each in missed] == [outcome["id"]]


# --- publishing again


def make_due(office: Office) -> None:
    office.query(
        "UPDATE task SET publish_again_at = statement_timestamp() - interval '1 s' "
        "WHERE status = 'accepted' RETURNING id"
    )


def test_a_recorded_task_is_published_again_when_it_is_due_and_then_later_and_later(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    record(office, task)
    published: list[list[Task]] = []
    assert republish(office.pool, 60.0, published.append) == 0
    make_due(office)
    assert republish(office.pool, 60.0, published.append) == 1
    assert published == [[{**task, "recorded": True}]]
    wait = "SELECT round(extract(epoch FROM publish_again_at - statement_timestamp())) FROM task WHERE id = %s"
    assert office.value(wait, task["id"]) == 120
    make_due(office)
    assert republish(office.pool, 60.0, published.append) == 1
    assert office.value(wait, task["id"]) == 240
    office.run(task)
    assert republish(office.pool, 60.0, published.append, early=True) == 0


def test_after_a_start_everything_unfinished_is_published_however_recent(office: Office) -> None:
    record(office, office.task("alice", "create_customer", {"name": "Ada"}))
    published: list[list[Task]] = []
    assert republish(office.pool, 60.0, published.append, early=True) == 1


def test_after_a_start_each_of_many_is_published_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.info.republish.AT_ONCE", 2)
    recorded = [record(office, office.task("alice", "create_customer", {"name": "Ada"}))["id"] for _ in range(6)]
    published: list[str] = []
    with eventlet.Timeout(30):
        republish(office.pool, 60.0, lambda tasks: published.extend(task["id"] for task in tasks), early=True)
    # By the millisecond of submission; within one, ids are in no order.
    assert published == sorted(recorded)


def test_what_could_not_be_published_stays_due(office: Office) -> None:
    record(office, office.task("alice", "create_customer", {"name": "Ada"}))
    make_due(office)

    def refuse(tasks: list[Task]) -> None:
        raise NotAccepted

    with pytest.raises(NotAccepted):
        republish(office.pool, 60.0, refuse)
    assert republish(office.pool, 60.0, lambda tasks: None) == 1


def test_one_replica_at_a_time_publishes_again(office: Office) -> None:
    record(office, office.task("alice", "create_customer", {"name": "Ada"}))
    make_due(office)
    replica = Pool(office.url, 1, "backoffice_app")
    inner: list[int] = []

    def publish(tasks: list[Task]) -> None:
        inner.append(republish(replica, 60.0, lambda tasks: None))

    assert republish(office.pool, 60.0, publish) == 1
    assert inner == [0]


def test_a_task_executes_while_it_is_being_published_again(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    record(office, task)
    make_due(office)
    executed: list[Outcome] = []
    assert republish(office.pool, 60.0, lambda tasks: executed.extend(office.run(*tasks))) == 1
    assert [outcome["status"] for outcome in executed] == ["succeeded"]
    assert [code_of(outcome) for outcome in office.run(task)] == [None]


# --- dead letters


def bury(office: Office, task: Task, body: str = '{"tasks": []}') -> int:
    office.ask(
        {
            "task": task,
            "refusal": {"code": "internal_error", "number": 5001, "params": {}},
            "dead_letter": {"queue": "q", "reason": "delivery_limit", "body": body, "encoding": "utf-8"},
        }
    )
    return int(office.value("SELECT max(id) FROM dead_letter"))


def test_a_dead_letter_is_listed_shown_and_replayed_once_as_a_new_task(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    letter = bury(office, task)
    with office.pool.transaction() as tx:
        (row,) = dead_letters.list_newest(tx)
        shown = dead_letters.show(tx, letter)
        replayed = dead_letters.replay(tx, letter, "a test")
    assert (row["id"], row["task_id"], row["operator"], row["replayed_as"]) == (letter, task["id"], "alice", None)
    assert shown == {**row, "body": '{"tasks": []}', "encoding": "utf-8"}
    published: list[list[Task]] = []
    republish(office.pool, 60.0, published.append)
    ((again,),) = published
    assert (again["id"], again["data"], again["replay_of"]) == (replayed, {"name": "Ada"}, task["id"])
    assert [outcome["status"] for outcome in office.run(again)] == ["succeeded"]
    with pytest.raises(dead_letters.DeadLetterError, match=replayed), office.pool.transaction() as tx:
        dead_letters.replay(tx, letter, "a test")


def test_a_task_that_has_succeeded_is_not_done_again_by_a_replay(office: Office) -> None:
    """Its message may be set aside all the same: the connection was lost each time after the commit."""
    task = office.task("alice", "create_customer", {"name": "Ada"})
    office.run(task)
    letter = bury(office, task)
    with pytest.raises(dead_letters.DeadLetterError, match="has succeeded"), office.pool.transaction() as tx:
        dead_letters.replay(tx, letter, "a test")


def test_a_task_that_may_still_be_done_is_not_replayed(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    record(office, task)
    with office.pool.transaction() as tx:
        kept: DeadLetter = {"queue": "q", "reason": "r", "body": "x", "encoding": "utf-8"}
        dead_letters.keep(tx, [(kept, requests.request_of(task))])
    letter = int(office.value("SELECT max(id) FROM dead_letter"))
    with pytest.raises(dead_letters.DeadLetterError, match="has not ended"), office.pool.transaction() as tx:
        dead_letters.replay(tx, letter, "a test")


def test_two_dead_letters_of_one_task_are_replayed_once(office: Office) -> None:
    """A task that was published again is in two messages, which may differ."""
    task = office.task("alice", "create_customer", {"name": "Ada"})
    first, second = bury(office, task), bury(office, task, '{"tasks": [], "version": 1}')
    assert first != second
    with office.pool.transaction() as tx:
        replayed = dead_letters.replay(tx, second, "a test")
    with pytest.raises(dead_letters.DeadLetterError, match=replayed), office.pool.transaction() as tx:
        dead_letters.replay(tx, first, "a test")


def test_a_dead_letter_that_comes_after_its_task_was_replayed_is_not_replayed_again(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    first = bury(office, task)
    with office.pool.transaction() as tx:
        replayed = dead_letters.replay(tx, first, "a test")
    late = bury(office, task, '{"tasks": [], "version": 1}')
    with pytest.raises(dead_letters.DeadLetterError, match=replayed), office.pool.transaction() as tx:
        dead_letters.replay(tx, late, "a test")


def test_two_dead_letters_of_one_task_are_replayed_once_at_the_same_time_too(office: Office) -> None:
    task = office.task("alice", "create_customer", {"name": "Ada"})
    first, second = bury(office, task), bury(office, task, '{"tasks": [], "version": 1}')

    def replay_the_second() -> str:
        with office.pool.transaction() as tx:
            return dead_letters.replay(tx, second, "a test")

    with office.pool.transaction() as tx:
        replayed = dead_letters.replay(tx, first, "a test")
        other = eventlet.spawn(replay_the_second)
        eventually(office.somebody_waits)
    with pytest.raises(dead_letters.DeadLetterError, match=replayed):
        other.wait()


def test_a_replay_needs_an_open_session_of_its_operator(office: Office) -> None:
    letter = bury(office, office.task("alice", "create_customer", {"name": "Ada"}))
    with office.pool.transaction() as tx:
        sessions.end_session(tx, office.task("alice", "logout"), IDLE_SECONDS)
    with pytest.raises(dead_letters.DeadLetterError, match="alice has to log in"), office.pool.transaction() as tx:
        dead_letters.replay(tx, letter, "a test")


def test_what_holds_no_task_or_does_not_exist_is_not_replayed(office: Office) -> None:
    office.ask({"task": None, "dead_letter": {"queue": "q", "reason": "r", "body": "x", "encoding": "utf-8"}})
    letter = int(office.value("SELECT max(id) FROM dead_letter"))
    for number, words in ((letter, "no readable task"), (letter + 1, "There is no dead letter")):
        with pytest.raises(dead_letters.DeadLetterError, match=words), office.pool.transaction() as tx:
            dead_letters.replay(tx, number, "a test")
