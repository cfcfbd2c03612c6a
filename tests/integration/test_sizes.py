"""However large things are together, pages end early, and what is larger by itself is refused or left out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from nameko.testing.services import worker_factory

from services.cli.program import Program
from services.contracts.actions import CreateCustomer
from services.contracts.operators import Role
from services.contracts.sizes import LARGEST_OUTCOME, LARGEST_PAGE, LARGEST_RESULT, size_of
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Outcome
from services.info import pending, task_store
from services.info.board import Waiting
from services.info.desk import Desk as PendingDesk
from services.info.operations.registry import OPERATIONS
from services.info.paging import LARGEST_ENTRY
from services.info.results import PIECE
from services.info.service import InfoService
from services.info.work import Work
from services.runtime.failures import Unavailable
from tests.desk import Desk, Staff
from tests.office import Office, code_of

LONG = "\N{GRINNING FACE}" * 10_000
MANY = 9
"""Answers, each of which an entry of the history has before and after, beside the problem."""


@pytest.fixture
def dave(desk: Desk, alice: Staff) -> Staff:
    """Somebody who has answered a long inquiry at length."""
    desk.done(alice, "create_inquiry", cid=1, problem=LONG)
    dave = desk.hire("Dave", Role.SERVICE)
    for _ in range(MANY):
        desk.done(dave, "respond_inquiry", id=1, answer=LONG, closed=False)
    return dave


def pages(desk: Desk, who: Staff, action: str, member: str, **data: Any) -> list[list[Any]]:
    """Every page of a list."""
    found, cursor = [], None
    while True:
        result = desk.done(who, action, **data, **({"cursor": cursor} if cursor else {}))
        assert size_of(result) <= LARGEST_RESULT
        found.append(result[member])
        cursor = result["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("descending", [False, True])
def test_a_long_history_is_read_in_pages_that_are_small_enough(desk: Desk, dave: Staff, descending: bool) -> None:
    found = pages(desk, dave, "get_history", "entries", type="inquiry", id=1, limit=200, descending=descending)
    ids = [entry["id"] for page in found for entry in page]
    assert len(found) > 1
    assert len(ids) == len(set(ids)) == MANY + 1
    assert ids == sorted(ids, reverse=descending)


def test_an_entry_of_the_longest_texts_fits_a_page(desk: Desk, dave: Staff) -> None:
    largest = max(size_of(entry) for page in pages(desk, dave, "list_activity", "entries", limit=200) for entry in page)
    names = 7 * 800 + 800  # everybody who is named has the longest name, and so has the customer
    texts = 40_000 + 4_000  # a reply, and a reason
    assert largest + names + texts < LARGEST_ENTRY < LARGEST_PAGE


@pytest.mark.parametrize("action", ["list_tasks", "search_items"])
def test_long_items_are_listed_in_pages_that_are_small_enough(desk: Desk, alice: Staff, action: str) -> None:
    carol = desk.hire("Carol", Role.COMPLIANCE)
    for _ in range(MANY):
        desk.done(alice, "create_document", cid=1, content=LONG)
    found = pages(desk, carol, action, "items", limit=200)
    assert len(found) > 1
    assert [item["id"] for page in found for item in page] == list(range(1, MANY + 1))


def test_customers_with_long_names_are_sorted_by_them_page_by_page(desk: Desk, alice: Staff) -> None:
    names = [f"{number}{'漢' * 199}" for number in range(4)]
    for name in names:
        desk.done(alice, "create_customer", name=name)
    found = pages(desk, alice, "search_customers", "customers", text="漢", sort="name", limit=1)
    assert [customer["name"] for page in found for customer in page] == names


def test_a_result_that_is_too_large_by_itself_ends_its_task_and_nothing_of_it_stays(office: Office) -> None:
    created = OPERATIONS[CreateCustomer.name].function

    def verbose(work: Work, data: CreateCustomer.Data) -> dict[str, Any]:
        return created(work, data) | {"more": "x" * LARGEST_RESULT}

    operations = {**OPERATIONS, CreateCustomer.name: replace(OPERATIONS[CreateCustomer.name], function=verbose)}
    tasks = [office.task("alice", action, data) for action, data in (("create_customer", {"name": "Ada"}), GET)]
    (outcome, other) = office.run(*tasks, operations=operations)
    assert code_of(outcome) == "result_too_large"
    assert outcome["error"]
    assert outcome["error"]["params"]["limit"] == LARGEST_RESULT
    assert code_of(other) == "customer_not_found"
    assert office.value("SELECT count(*) FROM customer") == 0
    assert office.value("SELECT count(*) FROM audit WHERE task_id = %s", tasks[0]["id"]) == 0


GET = ("get_customer", {"id": 1})


def test_a_task_that_asks_for_too_much_is_refused_and_stored_without_it(office: Office) -> None:
    huge = office.task("alice", "create_customer", {"name": "x" * 1_000_000})
    (outcome,) = office.run(huge)
    assert code_of(outcome) == "invalid_request"
    assert outcome["data"] == {}


def results(office: Office, count: int, size: int) -> list[str]:
    """Finished tasks of Bob with results of about that size."""
    ids = [office.do("bob", "get_customer", {"id": 1})["id"] for _ in range(count)]
    enlarge(office, ids, size)
    return ids


def enlarge(office: Office, ids: list[str], size: int) -> None:
    """Give tasks results that only an earlier release has stored."""
    result = json.dumps({"text": "\N{GRINNING FACE}" * (size // 12)})  # as they were stored: in ASCII
    statement = "UPDATE task SET result = %s, status = 'succeeded', error = NULL WHERE id = ANY(%s::uuid[])"
    with _owner(office) as tx:
        tx.execute("ALTER TABLE task DISABLE TRIGGER task_outcome_stays")
        tx.execute(statement, (result, ids))


def _owner(office: Office) -> Any:
    from services.runtime.postgres.database import Pool

    return Pool(office.url, 1).transaction()


def test_tasks_are_listed_in_pages_that_are_small_enough(office: Office) -> None:
    ids = results(office, 5, 200_000)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        with office.pool.transaction() as tx:
            page = task_store.tasks_of(tx, office.ids["bob"], 200, cursor)
        assert size_of(page["tasks"]) <= max(LARGEST_PAGE, LARGEST_OUTCOME)
        found += [task["id"] for task in page["tasks"] if task["action"] != "login"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ids[::-1]


def test_what_was_missed_comes_in_pages_that_are_small_enough(office: Office) -> None:
    ids = results(office, 8, 200_000)
    found: list[Outcome] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        with office.pool.transaction() as tx:
            page = task_store.missed(tx, office.ids["bob"], ids[0], cursor)
        assert size_of(page["outcomes"]) <= LARGEST_PAGE + len("[]")
        found += page["outcomes"]
        cursor = page["next_cursor"]
        pages += 1
    assert [outcome["id"] for outcome in found] == ids
    assert pages > 1


def test_a_gateway_of_the_release_before_is_told_all_that_was_missed_or_to_come_again(office: Office) -> None:
    info = worker_factory(InfoService, database=office.pool)
    (first, *rest) = results(office, 3, 1_000)
    told = info.finished_since(office.ids["bob"], first)
    assert [outcome["id"] for outcome in told] == [first, *rest]
    results(office, 8, 200_000)
    with pytest.raises(Unavailable):
        info.finished_since(office.ids["bob"], first)


def test_of_much_that_was_missed_the_newest_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [office.do("bob", "get_customer", {"id": 1})["id"] for _ in range(5)]
    monkeypatch.setattr(task_store, "MOST_MISSED", 2)
    with office.pool.transaction() as tx:
        told = task_store.missed(tx, office.ids["bob"], ids[0])
    assert [outcome["id"] for outcome in told["outcomes"]] == ids[3:]


def test_a_result_of_an_earlier_release_that_is_too_large_is_left_out_wherever_its_task_is_shown(
    office: Office,
) -> None:
    task = office.task("bob", "get_customer", {"id": 1})
    office.run(task)
    enlarge(office, [task["id"]], 3_000_000)
    with office.pool.transaction() as tx:
        shown = task_store.task(tx, office.ids["bob"], task["id"])
        (listed, *_) = task_store.tasks_of(tx, office.ids["bob"])["tasks"]
        (missed,) = task_store.missed(tx, office.ids["bob"], task["id"])["outcomes"]
    (again,) = office.run(task)  # delivered again
    for outcome in (shown, listed, missed, again):
        assert outcome
        assert (outcome["status"], outcome["result"], outcome["error"]) == ("succeeded", None, None)
        assert outcome["result_bytes"] == 12 * 250_000 + len('{"text": ""}')


def test_a_command_prints_a_result_whatever_its_size(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (task_id,) = results(office, 1, 3_000_000)
    assert PIECE < 3_000_000
    monkeypatch.setenv("DATABASE_URL", office.url)
    printed = CliRunner().invoke(Program(), ["result", task_id])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == {"text": "\N{GRINNING FACE}" * 250_000}
    unknown = CliRunner().invoke(Program(), ["result", new_task_id()])
    assert unknown.exit_code == 1
    assert "There is no task" in unknown.stderr


def test_of_too_many_items_the_board_keeps_the_numbers(desk: Desk, alice: Staff) -> None:
    for level in (1, 2, 2):
        desk.done(alice, "create_transfer", cid=1, amount=1, level=level)
    desk.done(alice, "create_inquiry", cid=1, problem="p")
    few, many = PendingDesk(), PendingDesk(most=3)
    whole, numbers = (board.pending(desk.pool, Role.ADMIN, 1) for board in (few, many))
    assert {name: waiting["count"] for name, waiting in numbers.items()} == {"document": 0, "transfer": 3, "inquiry": 1}
    assert counts(whole) == counts(numbers)
    assert counts(many.pending(desk.pool, Role.COMPLIANCE, 1)) == {"document": 0, "transfer": 1}
    for name in ("transfer", "inquiry"):
        assert (numbers[name]["oldest_seconds"] or -1) >= 0

    carol = desk.hire("Carol", Role.COMPLIANCE, 2)
    desk.done(carol, "review_transfer", id=1, approved=True)
    for board in (few, many):
        board.apply(desk.changes)
        board.reconcile(desk.pool)
        assert counts(board.pending(desk.pool, Role.ADMIN, 1)) == {"document": 0, "transfer": 2, "inquiry": 1}


def counts(pending: dict[str, Waiting]) -> dict[str, int]:
    return {name: waiting["count"] for name, waiting in pending.items()}


def test_a_board_is_read_a_portion_at_a_time(desk: Desk, alice: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "AT_ONCE", 2)
    for _ in range(5):
        desk.done(alice, "create_document", cid=1, content="c")
    desk.done(alice, "create_transfer", cid=1, amount=1)
    with desk.pool.transaction() as tx:
        found = [(item.type.value, item.id) for item in pending.pending_items(tx)]
    assert found == [*(("document", number) for number in range(1, 6)), ("transfer", 1)]
