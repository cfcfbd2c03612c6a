"""A task that comes again takes effect once and is answered as before."""

from tests.integration.execution.customers import count, create, customers
from tests.office import Office, changes_of, code_of, outcomes_of
from tests.task_ids import task_id_of_age


def test_a_duplicate_is_answered_with_the_stored_outcome_and_says_its_changes_again(office: Office) -> None:
    task = office.task("alice", "create_transfer", {"cid": office.add_customer(), "amount": "1.00"})
    first = office.rounds(task)
    again = office.rounds({**task, "data": {"cid": 1, "amount": "2.00"}})
    assert outcomes_of(again) == outcomes_of(first)
    assert list(outcomes_of(again)[0]["result"] or ()) == list(outcomes_of(first)[0]["result"] or ())
    assert changes_of(again) == changes_of(first) != []
    assert count(office, "transfer") == 1


def test_a_task_that_comes_twice_in_one_batch_is_executed_once(office: Office) -> None:
    task, other = create(office), create(office, "other")
    outcomes = office.run(task, other, task)
    assert [outcome["id"] for outcome in outcomes] == [task["id"], other["id"], task["id"]]
    assert outcomes[0] == outcomes[2]
    assert customers(office) == ["Ada", "other"]


def test_a_recorded_task_is_executed_as_it_was_recorded(office: Office) -> None:
    task = create(office, "as recorded")
    office.value(
        "WITH new AS (INSERT INTO task (id, action, data, operator_id, session_id, submitted_at) "
        "VALUES (%s, 'create_customer', '{\"name\": \"as recorded\"}', %s, %s, %s) RETURNING 1) "
        "SELECT count(*) FROM new",
        task["id"],
        task["operator_id"],
        task["session"],
        task["submitted_at"],
    )
    (outcome,) = office.run({**task, "data": {"name": "as sent later"}})
    assert outcome["data"] == {"name": "as recorded"}
    assert customers(office) == ["as recorded"]


def test_a_task_older_than_the_retention_never_executes_and_still_ends(office: Office) -> None:
    old, recent = task_id_of_age(days=8), task_id_of_age(days=6)
    outcomes = office.run({**create(office, "old"), "id": old}, {**create(office, "recent"), "id": recent})
    assert [code_of(outcome) for outcome in outcomes] == ["internal_error", None]
    assert outcomes[0]["error"]
    assert outcomes[0]["error"]["params"] == {"task_id": old}
    assert customers(office) == ["recent"]
