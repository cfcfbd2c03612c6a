"""Logging in and out, and managing operators."""

from typing import Any

import eventlet
import pytest

from services.contracts.errors import Refusal
from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, Task, now_text
from services.contracts.tokens import presented_hash, token_hash
from services.info import operators, sessions, task_store
from services.info.demo_mark import MARK
from services.info.requests import Malformed
from services.runtime.postgres.database import Pool
from tests.office import IDLE_SECONDS, Office, code_of
from tests.waiting import eventually

ACTOR = "a test"


def log_in(
    office: Office, token: str, name: str, task_id: str | None = None, key: str | None = None
) -> sessions.Opened:
    digest, task_id = token_hash(token), task_id or new_task_id()
    return office.pool.run(lambda tx: sessions.open_session(tx, digest, name, task_id, now_text(), IDLE_SECONDS, key))


def log_out(office: Office, task: Task, key: str | None = None) -> Any:
    return office.pool.run(lambda tx: sessions.end_session(tx, task, IDLE_SECONDS, key))


def identity(office: Office, name: str = "bob") -> Identity | None:
    with office.pool.transaction() as tx:
        return sessions.identify(tx, token_hash(f"token-of-{name}-for-the-tests"), IDLE_SECONDS)


def session(office: Office, name: str = "bob") -> str | None:
    found = identity(office, name)
    assert found
    return found["session"]


def audited(office: Office, name: str = "bob") -> list[str]:
    return [
        row["event"]
        for row in office.query(
            "SELECT event FROM audit WHERE entity = 'operator' AND entity_id = %s ORDER BY id", office.ids[name]
        )
    ]


def test_a_login_answers_who_one_is_and_what_one_may_do(office: Office) -> None:
    opened = log_in(office, "token-of-dave-for-the-tests", "dave")
    shown = {"id": office.ids["dave"], "name": "dave", "role": "Service", "level": 1}
    assert opened["outcome"]["status"] == "succeeded"
    assert opened["outcome"]["data"] == {"name": "dave"}
    assert opened["outcome"]["result"]
    assert opened["outcome"]["result"]["operator"] == shown
    assert "respond_inquiry" in opened["outcome"]["result"]["actions"]
    assert "create_customer" not in opened["outcome"]["result"]["actions"]
    assert opened["identity"] == {**shown, "session": office.sessions["dave"]}


@pytest.mark.parametrize(
    ("token", "name"),
    [("token-of-bob-for-the-tests", "Bob"), ("token-of-carol-for-the-tests", "bob"), ("no token", "bob")],
)
def test_a_wrong_name_or_token_is_refused_and_leaves_no_trace(office: Office, token: str, name: str) -> None:
    tasks = office.value("SELECT count(*) FROM task")
    with pytest.raises(Refusal, match="not_authenticated"):
        log_in(office, token, name)
    assert office.value("SELECT count(*) FROM task") == tasks


def test_a_login_while_logged_in_keeps_the_session(office: Office) -> None:
    before = office.sessions["bob"]
    assert office.log_in("bob")["identity"]["session"] == before
    assert audited(office) == ["added", "session_opened", "session_renewed"]


def test_a_login_after_a_long_idle_time_opens_another_session(office: Office) -> None:
    before = office.sessions["bob"]
    office.query("UPDATE session SET last_used_at = last_used_at - interval '2 hours' RETURNING id")
    assert session(office) is None
    assert office.log_in("bob")["identity"]["session"] not in (None, before)


def test_a_login_that_is_repeated_answers_what_it_did(office: Office) -> None:
    task_id = new_task_id()
    first = log_in(office, "token-of-bob-for-the-tests", "bob", task_id)
    assert log_in(office, "token-of-bob-for-the-tests", "bob", task_id) == first
    assert audited(office) == ["added", "session_opened", "session_renewed"]
    with pytest.raises(Malformed):
        log_in(office, "token-of-carol-for-the-tests", "carol", task_id)


def test_logins_of_one_key_are_one_task_however_many_at_a_time(office: Office) -> None:
    before = audited(office)
    logins = [eventlet.spawn(log_in, office, "token-of-bob-for-the-tests", "bob", key="k") for _ in range(5)]
    outcomes = [login.wait()["outcome"] for login in logins]
    assert outcomes == [outcomes[0]] * 5
    assert audited(office) == [*before, "session_renewed"]
    assert log_in(office, "token-of-carol-for-the-tests", "carol", key="k")["outcome"]["id"] != outcomes[0]["id"]


def test_a_key_of_another_task_is_none_for_a_login_or_a_logout(office: Office) -> None:
    with office.pool.transaction() as tx:
        task_store.record(tx, office.task("bob", "get_transfer", {"id": 1}), "k", "another", 60)
    with pytest.raises(Refusal, match="idempotency_conflict"):
        log_in(office, "token-of-bob-for-the-tests", "bob", key="k")
    with pytest.raises(Refusal, match="idempotency_conflict"):
        log_out(office, office.task("bob", "logout"), "k")
    assert session(office) == office.sessions["bob"]


def test_a_logout_whose_key_is_repeated_after_a_login_ends_nothing(office: Office) -> None:
    outcome = log_out(office, office.task("bob", "logout"), "k")
    office.log_in("bob")
    assert log_out(office, office.task("bob", "logout"), "k") == outcome
    assert session(office) == office.sessions["bob"]


def test_a_login_beside_one_that_has_not_committed_waits_and_keeps_its_session(office: Office) -> None:
    log_out(office, office.task("bob", "logout"))
    with office.pool.transaction() as tx:
        first = sessions.open_session(
            tx, token_hash("token-of-bob-for-the-tests"), "bob", new_task_id(), now_text(), IDLE_SECONDS
        )
        second = eventlet.spawn(log_in, office, "token-of-bob-for-the-tests", "bob")
        eventually(office.somebody_waits)
    assert second.wait()["identity"] == first["identity"]


def test_a_logout_ends_the_session_once_and_repeated_answers_what_it_did(office: Office) -> None:
    task = office.task("bob", "logout")
    outcome = log_out(office, task)
    assert outcome["status"] == "succeeded"
    assert outcome["result"] == {"operator": {"id": office.ids["bob"], "name": "bob", "role": "Compliance", "level": 1}}
    assert session(office) is None
    assert log_out(office, task) == outcome
    with pytest.raises(Refusal, match="login_required"):
        log_out(office, office.task("bob", "logout"))
    assert audited(office)[-1] == "session_ended"
    assert audited(office).count("session_ended") == 1


def test_a_logout_does_not_end_a_session_that_began_later(office: Office) -> None:
    late = office.task("bob", "logout")
    log_out(office, office.task("bob", "logout"))
    office.log_in("bob")
    with pytest.raises(Refusal, match="login_required"):
        log_out(office, late)
    assert session(office) == office.sessions["bob"]


def test_a_task_of_an_ended_session_is_refused_in_the_next_one(office: Office) -> None:
    task = office.task("bob", "get_transfer", {"id": 1})
    log_out(office, office.task("bob", "logout"))
    office.log_in("bob")
    (outcome,) = office.run(task)
    assert code_of(outcome) == "login_required"


# --- operators


def test_a_new_operator_has_a_token_that_is_kept_as_a_hash_only(office: Office) -> None:
    with office.pool.transaction() as tx:
        new = operators.add(tx, "Grace", Role.SERVICE, 2, ACTOR)
    assert log_in(office, new.token, "Grace")["identity"]["id"] == new.id
    assert new.token not in str(office.query("SELECT * FROM operator, audit, task"))
    (row,) = office.query("SELECT actor, operator_id, event, after FROM audit WHERE entity_id = %s LIMIT 1", new.id)
    assert row == {
        "actor": ACTOR,
        "operator_id": None,
        "event": "added",
        "after": {"id": new.id, "name": "Grace", "role": "Service", "level": 2, "active": True},
    }


@pytest.mark.parametrize(("name", "level"), [("bob", 1), (" ", 1), ("Grace", 0)])
def test_an_operator_that_cannot_be_is_refused_with_a_sentence(office: Office, name: str, level: int) -> None:
    with pytest.raises(operators.OperatorError, match=r"\.$"), office.pool.transaction() as tx:
        operators.add(tx, name, Role.SERVICE, level, ACTOR)


def test_a_disabled_operator_is_nobody_until_enabled_again(office: Office) -> None:
    with office.pool.transaction() as tx:
        operators.disable(tx, "bob", ACTOR)
    assert identity(office) is None
    with pytest.raises(Refusal, match="not_authenticated"):
        office.log_in("bob")
    with office.pool.transaction() as tx:
        operators.enable(tx, "bob", ACTOR)
    assert session(office) is None
    office.log_in("bob")
    assert audited(office) == ["added", "session_opened", "disabled", "enabled", "session_opened"]


def test_a_rotated_token_replaces_the_old_one_and_ends_the_session(office: Office) -> None:
    with office.pool.transaction() as tx:
        token = operators.rotate(tx, "bob", ACTOR)
    assert identity(office) is None
    with pytest.raises(Refusal, match="not_authenticated"):
        office.log_in("bob")
    assert log_in(office, token, "bob")["identity"]["session"] != office.sessions["bob"]


def test_a_role_or_a_level_changes_what_tasks_may_do_at_once(office: Office) -> None:
    transfer = office.add_transfer(level=2)
    decision = {"id": transfer, "approved": True}
    assert code_of(office.do("bob", "review_transfer", decision)) == "level_too_low"
    with office.pool.transaction() as tx:
        operators.set_level(tx, "bob", 2, ACTOR)
        operators.set_role(tx, "carol", Role.SERVICE, ACTOR)
    assert code_of(office.do("carol", "review_transfer", decision)) == "not_permitted"
    assert code_of(office.do("bob", "review_transfer", decision)) is None
    assert audited(office)[-1] == "level_set"
    (row,) = office.query(
        "SELECT before->>'level' AS before, after->>'level' AS after FROM audit WHERE event = 'level_set'"
    )
    assert row == {"before": "1", "after": "2"}


def test_whoever_became_something_else_still_does_not_decide_what_they_created(office: Office) -> None:
    transfer = office.add_transfer()
    with office.pool.transaction() as tx:
        operators.set_role(tx, "alice", Role.COMPLIANCE, ACTOR)
    outcome = office.do("alice", "review_transfer", {"id": transfer, "approved": True})
    assert code_of(outcome) == "own_item"


def test_operators_are_listed_with_the_use_of_their_session(office: Office) -> None:
    log_out(office, office.task("bob", "logout"))
    with office.pool.transaction() as tx:
        rows = {row["name"]: row for row in operators.list_all(tx)}
    assert list(rows) == ["alice", "bob", "carol", "dave"]
    assert rows["bob"]["last_used_at"] is None
    assert rows["carol"]["last_used_at"].endswith("Z")
    assert "token_hash" not in rows["carol"]


def test_nobody_is_managed_by_a_name_that_nobody_has(office: Office) -> None:
    with pytest.raises(operators.OperatorError, match="no operator called mallory"), office.pool.transaction() as tx:
        operators.disable(tx, "mallory", ACTOR)
    with office.pool.transaction() as tx:
        assert sessions.operator(tx, 999) is None
        assert sessions.operator(tx, office.ids["bob"]) == {
            "id": office.ids["bob"],
            "name": "bob",
            "role": "Compliance",
            "level": 1,
            "active": True,
        }


@pytest.mark.parametrize(("marked", "opens"), [(False, False), (True, True)])
def test_a_weak_token_works_in_a_demo_database_alone(office: Office, owner: Pool, marked: bool, opens: bool) -> None:
    with office.pool.transaction() as tx:
        operators.add(tx, "Frank", Role.SERVICE, 1, ACTOR, token="12qw")
    if marked:
        with owner.transaction() as tx:
            tx.execute(f"COMMENT ON DATABASE \"{office.value('SELECT current_database()')}\" IS '{MARK}'")
    with office.pool.transaction() as tx:
        assert (sessions.identify(tx, presented_hash("12qw"), IDLE_SECONDS) is not None) == opens
    if opens:
        assert log_in_presented(office)["identity"]["name"] == "Frank"
    else:
        with pytest.raises(Refusal, match="not_authenticated"):
            log_in_presented(office)


def log_in_presented(office: Office) -> sessions.Opened:
    task = (new_task_id(), now_text(), IDLE_SECONDS)
    return office.pool.run(lambda tx: sessions.open_session(tx, presented_hash("12qw"), "Frank", *task))
