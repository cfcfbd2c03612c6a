"""The board's figures against a count of the rows in plain Python."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest

from services.contracts.operators import Role
from tests import parts
from tests.desk import Desk, Staff

TYPES = ("document", "transfer", "inquiry")
BUCKETS = {"hour": (12, 300), "day": (24, 3_600), "week": (28, 21_600)}
COLUMNS = {"document": "content", "transfer": "amount", "inquiry": "problem"}


@pytest.fixture(scope="module")
def desk(postgres: str, migrated_template: str) -> Iterator[Desk]:
    """A desk with items of the last nine days, most of them decided, by three reviewers."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url)
        alice = desk.hire("Alice", Role.ADMIN)
        reviewers = {"document": ("Bob", "Carol"), "transfer": ("Carol", "Bob"), "inquiry": ("Erin", "Erin")}
        staff = {"Bob": desk.hire("Bob", Role.COMPLIANCE, 1), "Carol": desk.hire("Carol", Role.COMPLIANCE, 3)}
        staff["Erin"] = desk.hire("Erin", Role.SERVICE, 3)
        desk.done(alice, "create_customer", name="Ada")
        random = Random(6)
        for number in range(240):
            item_type = TYPES[number % 3]
            age = random.choice((50 * 60, 20 * 3_600, 9 * 86_400)) * random.random()
            decided_ago = age - min(age, random.expovariate(1 / 3_000)) if random.random() < 0.8 else None
            insert(desk, item_type, random.randrange(3) + 1, age, decided_ago, staff[reviewers[item_type][number % 2]])
        desk.done(staff["Carol"], "get_task", type="transfer")
        yield desk
        desk.close()


def insert(desk: Desk, item_type: str, level: int, age: float, decided_ago: float | None, reviewer: Staff) -> None:
    """An item of that age, decided so many seconds ago or not at all."""
    closed = {"closed": decided_ago is not None} if item_type == "inquiry" else {}
    decided = "closed" if item_type == "inquiry" else ("approved", "rejected")[level % 2]
    columns: dict[str, Any] = {
        "cid": 1,
        "created_by": 1,
        "level": level,
        COLUMNS[item_type]: "1",
        "status": ("open" if item_type == "inquiry" else "pending") if decided_ago is None else decided,
        "decided_by": None if decided_ago is None else reviewer.id,
        **closed,
    }
    values = ", ".join(["%s"] * len(columns) + ["now() - make_interval(secs => %s)"] * 2)
    desk.sql(
        f"INSERT INTO {item_type} ({', '.join(columns)}, created_at, decided_at) VALUES ({values})",
        *columns.values(),
        age,
        decided_ago,
    )


@pytest.fixture(scope="module")
def rows(desk: Desk) -> list[dict[str, Any]]:
    """Every item."""
    return [
        {"type": item_type, **row}
        for item_type in TYPES
        for row in desk.sql(
            f"SELECT item.*, operator.name AS reviewer FROM {item_type} AS item "
            "LEFT JOIN operator ON operator.id = decided_by"
        )
    ]


def staff_of(desk: Desk, name: str) -> Staff:
    """Somebody who is hired already."""
    (row,) = desk.sql(
        "SELECT operator.id, session.id::text AS session FROM operator JOIN session ON operator_id = operator.id "
        "WHERE name = %s",
        name,
    )
    return Staff(row["id"], name, row["session"])


def counted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of these decisions."""
    seconds = sorted((row["decided_at"] - row["created_at"]).total_seconds() for row in rows)
    place = 0.95 * (len(seconds) - 1)
    low = int(place)
    high = min(low + 1, len(seconds) - 1)
    return {
        **{status: sum(row["status"] == status for row in rows) for status in ("approved", "rejected", "closed")},
        "median_seconds": pytest.approx(median(seconds), abs=0.001) if seconds else None,
        "p95_seconds": pytest.approx(seconds[low] + (seconds[high] - seconds[low]) * (place - low), abs=0.001)
        if seconds
        else None,
    }


def moment(text: str) -> datetime:
    """A time that was answered."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("period", BUCKETS)
@pytest.mark.parametrize(
    ("name", "types"), [("Alice", TYPES), ("Carol", ("document", "transfer")), ("Erin", ("inquiry",))]
)
def test_the_figures_are_those_of_the_rows(
    desk: Desk, rows: list[dict[str, Any]], period: str, name: str, types: tuple[str, ...]
) -> None:
    count, seconds = BUCKETS[period]

    asked = datetime.now(UTC)
    found = desk.done(staff_of(desk, name), "get_statistics", period=period)["statistics"]
    answered = datetime.now(UTC)

    since, until = moment(found["from"]), moment(found["until"])
    assert (found["period"], found["bucket_seconds"], until - since) == (
        period,
        seconds,
        timedelta(seconds=count * seconds),
    )
    assert since < until - timedelta(seconds=seconds) <= answered
    assert asked < until
    shown = [row for row in rows if row["type"] in types]
    created = [row for row in shown if row["created_at"] >= since]
    decided = [row for row in shown if row["decided_at"] and row["decided_at"] >= since]

    def bucket(when: datetime) -> datetime:
        return since + (when - since) // timedelta(seconds=seconds) * timedelta(seconds=seconds)

    places = {(row["type"], bucket(row["created_at"])) for row in created}
    places |= {(row["type"], bucket(row["decided_at"])) for row in decided}
    assert {(row["type"], moment(row["at"])): row for row in found["buckets"]} == {
        (item_type, at): {
            "at": next(row["at"] for row in found["buckets"] if moment(row["at"]) == at),
            "type": item_type,
            "created": sum(row["type"] == item_type and bucket(row["created_at"]) == at for row in created),
            **counted([row for row in decided if row["type"] == item_type and bucket(row["decided_at"]) == at]),
        }
        for item_type, at in places
    }
    assert found["totals"] == [
        {
            "type": item_type,
            "created": sum(row["type"] == item_type for row in created),
            **counted([row for row in decided if row["type"] == item_type]),
        }
        for item_type in types
    ]
    reviewers = {(row["type"], row["reviewer"]) for row in decided if name in ("Alice", row["reviewer"])}
    assert found["reviewers"] == [
        {
            "id": staff_of(desk, reviewer).id,
            "name": reviewer,
            "type": item_type,
            **counted([row for row in decided if (row["type"], row["reviewer"]) == (item_type, reviewer)]),
        }
        for item_type, reviewer in sorted(reviewers, key=lambda each: (TYPES.index(each[0]), each[1]))
    ]


def test_what_waits_is_counted_by_type_and_level_with_the_oldest(desk: Desk, rows: list[dict[str, Any]]) -> None:
    found = desk.done(staff_of(desk, "Alice"), "get_statistics")["statistics"]["pending"]

    expected = []
    for item_type in TYPES:
        for level in (1, 2, 3):
            waiting = [
                row for row in rows if (row["type"], row["level"], row["decided_at"]) == (item_type, level, None)
            ]
            expected.append((item_type, level, len(waiting), min(row["created_at"] for row in waiting)))
    assert [(row["type"], row["level"], row["count"], moment(row["oldest_at"])) for row in found] == expected
    assert sum(row["claimed"] for row in found) == 1


def test_an_empty_office_has_figures_too(database_url: str) -> None:
    desk = Desk(database_url)
    found = desk.done(desk.hire("Alice", Role.ADMIN), "get_statistics")["statistics"]
    desk.close()

    assert (found["pending"], found["buckets"], found["reviewers"]) == ([], [], [])
    nothing = dict.fromkeys(("created", "approved", "rejected", "closed"), 0)
    assert found["totals"] == [
        {"type": item_type, **nothing, "median_seconds": None, "p95_seconds": None} for item_type in TYPES
    ]
