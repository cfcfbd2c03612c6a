"""The ledger finds what it is there to find: each kind of wrong, done to a database behind everybody's back."""

import psycopg2
import pytest

from services.info import operators
from tests.ledger import violations
from tests.office import Office, office_in
from tests.replay import differences

UNGUARDED = "ALTER TABLE audit DISABLE TRIGGER ALL; ALTER TABLE task DISABLE TRIGGER ALL;"


def wrongs(url: str) -> str:
    """All that ledger and replay find, as one text."""
    return str([*violations(url), *differences(url)])


@pytest.fixture
def office(database_url: str) -> Office:
    """A transfer decided by Carol, who lost her level afterwards; an inquiry answered twice; one claimed."""
    with office_in(database_url) as office:
        transfer = office.add_transfer(level=2)
        office.do("carol", "review_transfer", {"id": transfer, "approved": True})
        office.do("alice", "create_inquiry", {"cid": 1, "problem": "Why?"})
        for closed in (False, True):
            office.do("dave", "respond_inquiry", {"id": 1, "answer": f"closed: {closed}", "closed": closed})
        office.do("bob", "get_task", {"type": "transfer", "id": office.add_transfer()})
        office.do("bob", "review_transfer", {"id": transfer, "approved": False})
        with office.pool.transaction() as tx:
            operators.set_level(tx, "carol", 1, "the tests")
        return office


def test_a_database_that_was_left_alone_is_right(office: Office) -> None:
    assert violations(office.url) == {}
    assert differences(office.url) == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("DELETE FROM audit WHERE event = 'decided' AND entity = 'transfer'", "every succeeded change has exactly one"),
        ("UPDATE transfer SET amount = 11 WHERE id = 1", "transfer 1 is not what its audit rows make of it"),
        ("UPDATE customer SET name = 'Eve' WHERE id = 1", "customer 1 is not what its audit rows make of it"),
        ("UPDATE inquiry_answer SET answer = 'No' WHERE id = 1", "inquiry 1 has the answers"),
        ("DELETE FROM audit WHERE event = 'answered'", "the change before left"),
        ("UPDATE operator SET level = 9 WHERE name = 'bob'", "operator 2 is not what its audit rows make of it"),
        ("INSERT INTO session (operator_id, ended_at) VALUES (1, now())", "the sessions of alice"),
        (
            """INSERT INTO audit (operator_id, task_id, entity, entity_id, event, before, after)
            SELECT operator_id, task_id, entity, entity_id, event, before, after FROM audit WHERE event = 'decided'""",
            "no item is decided twice",
        ),
        (
            "UPDATE audit SET after = jsonb_set(after, '{level}', '1') WHERE entity = 'operator' AND entity_id = 3",
            "without being allowed to at that time",
        ),
        (
            """UPDATE audit SET event = 'session_ended' WHERE entity = 'operator' AND entity_id = 3
            AND event = 'session_opened'""",
            "without an open session",
        ),
        ('UPDATE audit SET after = after || \'{"created_by": "carol"}\'', "nobody decided what they had created"),
        ("UPDATE audit SET operator_id = 2 WHERE event = 'decided'", "an effect is that of the task's own operator"),
        (
            "UPDATE task SET result = '{\"transfer\": {\"id\": 7}}' WHERE action LIKE 'review%' AND error IS NULL",
            "what the audit says",
        ),
        ("UPDATE task SET status = 'accepted', result = NULL, error = NULL, finished_at = NULL", "has ended"),
        (
            "UPDATE task SET status = 'failed', result = NULL, error = '{}' WHERE action LIKE 'create%'",
            "a failed task has no effect",
        ),
    ],
)
def test_what_was_done_behind_everybodys_back_is_found(office: Office, wrong: str, found: str) -> None:
    assert found not in wrongs(office.url)
    connection = psycopg2.connect(office.url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(UNGUARDED)
            cursor.execute(wrong)
    finally:
        connection.close()
    assert found in wrongs(office.url)
