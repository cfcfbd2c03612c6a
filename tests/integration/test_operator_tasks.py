"""Operators managed by tasks: what is done, what is audited, what ends, and the Admin who has to be left."""

from typing import Any

import eventlet
import pytest

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.contracts.tokens import token_hash
from services.info import operators, sessions
from services.info.operations.registry import OPERATIONS, Operation
from services.info.work import Work
from services.runtime.postgres.database import Pool
from tests.office import IDLE_SECONDS, Office, code_of

NEW_HASH = token_hash("a token that was made elsewhere")


def done(office: Office, action: str, **data: Any) -> dict[str, Any]:
    """What alice's task answers as the operator."""
    outcome = office.do("alice", action, data)
    assert outcome["result"], outcome["error"]
    shown: dict[str, Any] = outcome["result"]["operator"]
    return shown


def log_in(office: Office, name: str, token: str) -> sessions.Opened:
    """A login by a token."""
    with office.pool.transaction() as tx:
        return sessions.open_session(tx, token_hash(token), name, new_task_id(), now_text(), IDLE_SECONDS)


def test_an_operator_that_was_added_logs_in_with_the_token_whose_hash_was_sent(office: Office) -> None:
    added = done(office, "add_operator", name="Frank", role="Service", level=3, token_hash=NEW_HASH)

    assert (added["name"], added["role"], added["level"], added["enabled"]) == ("Frank", "Service", 3, True)
    assert added["last_used_at"] is None
    opened = log_in(office, "Frank", "a token that was made elsewhere")
    assert opened["identity"]["id"] == added["id"]
    (listed,) = office.do("alice", "list_operators", {"text": "FRA"})["result"]["operators"]  # type: ignore[index]
    assert {**listed, "last_used_at": None} == added
    assert listed["last_used_at"] is not None


def test_a_change_is_audited_as_the_command_lines_is_with_its_task(office: Office) -> None:
    bob = office.ids["bob"]
    outcome = office.do("alice", "change_operator", {"id": bob, "level": 2, "role": "Service"})

    rows = office.query(
        "SELECT * FROM audit WHERE entity = 'operator' AND entity_id = %s ORDER BY id DESC LIMIT 2", bob
    )
    was = {"id": bob, "name": "bob", "role": "Compliance", "level": 1, "active": True}
    level, role = rows
    assert [row["event"] for row in rows] == ["level_set", "role_set"]
    assert (role["before"], role["after"]) == (was, {**was, "role": "Service"})
    assert (level["before"], level["after"]) == (role["after"], {**was, "role": "Service", "level": 2})
    for row in rows:
        assert (row["operator_id"], str(row["task_id"]), row["actor"]) == (office.ids["alice"], outcome["id"], None)


def test_a_change_of_nothing_changes_nothing(office: Office) -> None:
    rows = office.value("SELECT count(*) FROM audit")

    shown = done(office, "change_operator", id=office.ids["bob"])

    assert (shown["role"], shown["level"]) == ("Compliance", 1)
    assert office.value("SELECT count(*) FROM audit") == rows


@pytest.mark.parametrize("action", ["disable_operator", "rotate_operator"])
def test_whoever_is_disabled_or_given_another_token_has_no_session_any_more(office: Office, action: str) -> None:
    data = {"id": office.ids["bob"], **({"token_hash": NEW_HASH} if action == "rotate_operator" else {})}
    waiting = office.task("bob", "get_customer", {"id": office.add_customer()})

    shown = done(office, action, **data)

    assert shown["last_used_at"] is None
    assert code_of(office.run(waiting)[0]) in {"operator_disabled", "login_required"}
    with pytest.raises(Exception, match="not_authenticated"):
        log_in(office, "bob", "token-of-bob-for-the-tests")


def test_whoever_is_enabled_again_logs_in_as_before(office: Office) -> None:
    done(office, "disable_operator", id=office.ids["bob"])
    assert done(office, "enable_operator", id=office.ids["bob"])["enabled"] is True

    assert log_in(office, "bob", "token-of-bob-for-the-tests")["identity"]["session"]


def test_a_name_or_a_token_is_one_operators_only(office: Office) -> None:
    new = {"name": "bob", "role": "Service", "token_hash": NEW_HASH}
    taken = office.do("alice", "add_operator", new)
    assert taken["error"]
    assert (taken["error"]["code"], taken["error"]["params"]) == ("operator_exists", {"name": "bob"})

    for action, data in (
        ("add_operator", {**new, "name": "Frank", "token_hash": token_hash("token-of-bob-for-the-tests")}),
        ("rotate_operator", {"id": office.ids["carol"], "token_hash": token_hash("token-of-bob-for-the-tests")}),
        ("rotate_operator", {"id": office.ids["bob"], "token_hash": token_hash("token-of-bob-for-the-tests")}),
    ):
        error = office.do("alice", action, data)["error"]
        assert error
        assert error["code"] == "invalid_request"
        assert error["params"]["faults"] == [
            {"path": "task.data.token_hash", "message": "is already in use", "params": {}}
        ]
    assert office.value("SELECT count(*) FROM operator") == 4


def test_an_operator_that_does_not_exist_is_not_found(office: Office) -> None:
    for action, data in (
        ("change_operator", {"level": 2}),
        ("disable_operator", {}),
        ("enable_operator", {}),
        ("rotate_operator", {"token_hash": NEW_HASH}),
    ):
        error = office.do("alice", action, {"id": 999, **data})["error"]
        assert error
        assert (error["code"], error["params"]) == ("operator_not_found", {"id": 999})


# --- what comes after it in the same batch


def test_what_follows_in_the_batch_is_judged_by_the_change(office: Office) -> None:
    transfer = office.add_transfer(level=2)
    alice, bob, carol = (office.ids[name] for name in ("alice", "bob", "carol"))
    outcomes = office.run(
        office.task("bob", "review_transfer", {"id": transfer, "approved": True}),
        office.task("alice", "change_operator", {"id": bob, "level": 2}),
        office.task("carol", "get_customer", {"id": 1}),
        office.task("alice", "disable_operator", {"id": carol}),
        office.task("carol", "review_transfer", {"id": transfer, "approved": True}),
        office.task("bob", "review_transfer", {"id": transfer, "approved": True}),
        office.task("alice", "rotate_operator", {"id": alice, "token_hash": NEW_HASH}),
        office.task("alice", "get_customer", {"id": 1}),
    )

    assert [code_of(outcome) for outcome in outcomes] == [
        "level_too_low",
        None,
        None,
        None,
        "operator_disabled",
        None,
        None,
        "login_required",
    ]


def test_a_change_that_is_refused_changes_nothing_for_the_batch(office: Office) -> None:
    alice = office.ids["alice"]

    outcomes = office.run(
        office.task("alice", "disable_operator", {"id": alice}), office.task("alice", "list_operators")
    )

    assert [code_of(outcome) for outcome in outcomes] == ["last_admin", None]


# --- the last Admin


@pytest.mark.parametrize("data", [{}, {"role": "Service"}, {"role": "Compliance", "level": 9}])
def test_the_last_enabled_admin_stays_one(office: Office, data: dict[str, Any]) -> None:
    with office.pool.transaction() as tx:
        operators.add(tx, "Disabled", Role.ADMIN, 1, "the tests")
        operators.disable(tx, "Disabled", "the tests")
    action = "change_operator" if data else "disable_operator"

    error = office.do("alice", action, {"id": office.ids["alice"], **data})["error"]

    assert error
    assert (error["code"], error["params"]) == ("last_admin", {"name": "alice"})
    assert office.value("SELECT level FROM operator WHERE name = 'alice' AND role = 'Admin' AND active") == 1
    assert done(office, "change_operator", id=office.ids["alice"], level=4, role="Admin")["level"] == 4


def test_an_admin_may_leave_while_another_stays_and_then_not_the_other(office: Office) -> None:
    other = done(office, "change_operator", id=office.ids["bob"], role="Admin")["id"]

    assert office.do("alice", "change_operator", {"id": office.ids["alice"], "role": "Service"})["error"] is None
    assert code_of(office.do("alice", "list_operators")) == "not_permitted"
    assert code_of(office.do("bob", "disable_operator", {"id": other})) == "last_admin"


@pytest.mark.parametrize("whom", ["each other", "themselves"])
def test_two_admins_who_leave_at_the_same_time_do_not_count_on_each_other(office: Office, whom: str) -> None:
    done(office, "change_operator", id=office.ids["bob"], role="Admin")
    replicas = [Pool(office.url, 1, "backoffice_app") for _ in range(2)]
    real = OPERATIONS["disable_operator"]

    def slowly(work: Work, data: Any) -> dict[str, Any]:
        result = real.function(work, data)
        work.query("SELECT pg_sleep(0.2)")
        return result

    slow = {"disable_operator": Operation(real.action, slowly, real.locks_operator)}
    leaving = {"alice": "bob", "bob": "alice"} if whom == "each other" else {"alice": "alice", "bob": "bob"}
    workers = [
        eventlet.spawn(
            office.run, office.task(name, "disable_operator", {"id": office.ids[other]}), pool=pool, operations=slow
        )
        for (name, other), pool in zip(leaving.items(), replicas, strict=True)
    ]
    codes = [code_of(worker.wait()[0]) for worker in workers]

    assert office.value("SELECT count(*) FROM operator WHERE role = 'Admin' AND active") == 1
    refusal = "operator_disabled" if whom == "each other" else "last_admin"
    assert sorted(map(str, codes)) == sorted(["None", refusal])
    for pool in replicas:
        pool.close()


# --- lists


def test_operators_are_listed_by_id_page_by_page_and_filtered(office: Office) -> None:
    done(office, "disable_operator", id=office.ids["dave"])

    def names(**data: Any) -> list[str]:
        result = office.do("alice", "list_operators", data)["result"]
        assert result
        return [row["name"] for row in result["operators"]]

    assert names() == ["alice", "bob", "carol", "dave"]
    assert names(role="Compliance") == ["bob", "carol"]
    assert names(enabled=False) == ["dave"]
    assert names(enabled=True, text="A") == ["alice", "carol"]
    assert names(text="%") == []
    first = office.do("alice", "list_operators", {"limit": 3})["result"]
    assert first
    assert names(limit=3, cursor=first["next_cursor"]) == ["dave"]


def test_no_answer_holds_the_hash_of_a_token(office: Office) -> None:
    outcomes = [
        office.do("alice", "list_operators"),
        office.do("alice", "rotate_operator", {"id": office.ids["bob"], "token_hash": NEW_HASH}),
        office.do("alice", "get_history", {"type": "operator", "id": office.ids["bob"]}),
    ]

    hashes = [row["token_hash"] for row in office.query("SELECT token_hash FROM operator")]
    assert not [value for value in hashes if value in str([outcome["result"] for outcome in outcomes])]
