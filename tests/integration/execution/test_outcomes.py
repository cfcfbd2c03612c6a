"""A task ends in one outcome, stored with its effect and its audit or with neither."""

from typing import Any

import psycopg2
import pytest

from services.contracts.errors import Code, Refusal
from services.info.work import Work
from tests.integration.execution.customers import count, create, creating_with, customers, insert_customer
from tests.office import Office, changes_of, code_of, outcomes_of


def test_a_task_that_succeeds_is_stored_with_its_outcome_audit_and_changes(office: Office) -> None:
    transfer = office.task("alice", "create_transfer", {"cid": office.add_customer(), "amount": "250.00"})
    rounds = office.rounds(transfer)
    (outcome,) = outcomes_of(rounds)
    assert outcome["status"] == "succeeded"
    assert outcome["operator"] == {"id": office.ids["alice"], "name": "alice", "role": "Admin"}
    assert outcome["submitted_at"] == transfer["submitted_at"]
    assert outcome["finished_at"] > outcome["submitted_at"]
    assert outcome["result"]
    assert outcome["result"]["transfer"]["amount"] == "250.00"
    assert [change["event"] for change in changes_of(rounds)] == ["created"]
    (audit,) = office.query("SELECT * FROM audit WHERE task_id = %s", transfer["id"])
    assert (audit["operator_id"], audit["entity"], audit["event"]) == (office.ids["alice"], "transfer", "created")
    assert audit["before"] is None
    assert audit["after"]["amount"] == "250.00"


def test_a_task_that_a_rule_refuses_ends_alone_and_leaves_nothing(office: Office) -> None:
    tasks = [
        create(office, "first"),
        office.task("alice", "get_customer", {"id": 99}),
        office.task("bob", "create_customer", {"name": "not Bob's"}),
        office.task("alice", "create_customer", {"name": ""}),
        office.task("alice", "create_customer", {"name": "a\0b"}),
        create(office, "second"),
    ]
    outcomes = office.run(*tasks)
    assert [outcome["id"] for outcome in outcomes] == [task["id"] for task in tasks]
    assert [code_of(outcome) for outcome in outcomes] == [
        None,
        "customer_not_found",
        "not_permitted",
        "invalid_request",
        "invalid_request",
        None,
    ]
    assert outcomes[1]["error"]
    assert outcomes[1]["error"] == {"code": "customer_not_found", "number": 4042, "params": {"id": 99}}
    assert customers(office) == ["first", "second"]


def test_what_a_refused_operation_did_is_undone_with_its_audit(office: Office) -> None:
    def refuse_b(work: Work, data: Any) -> dict[str, Any]:
        result = insert_customer(work, data)
        if data.name == "b":
            work.changes.append({})  # type: ignore[typeddict-item]
            raise Refusal(Code.NOTHING_TO_DO)
        return result

    rounds = office.rounds(
        create(office, "a"), create(office, "b"), create(office, "c"), operations=creating_with(refuse_b)
    )
    assert [code_of(outcome) for outcome in outcomes_of(rounds)] == [None, "nothing_to_do", None]
    assert customers(office) == ["a", "c"]
    assert changes_of(rounds) == []
    assert count(office, "audit WHERE entity = 'customer'") == 2


def test_an_outcome_never_changes_afterwards_in_the_database_either(office: Office) -> None:
    task = create(office)
    office.run(task)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        office.query("UPDATE task SET status = 'failed', result = NULL, error = '{}' WHERE id = %s", task["id"])
