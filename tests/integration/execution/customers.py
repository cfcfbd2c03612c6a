"""Customers: the simplest of what tasks make, and operations in place of the real ones."""

from typing import Any

from services.contracts.actions import CreateCustomer, GetCustomer
from services.contracts.tasks import Task
from services.info.operations.registry import Operation
from services.info.work import Work
from tests.office import Office


def count(office: Office, table: str = "customer") -> int:
    return int(office.value(f"SELECT count(*) FROM {table}"))


def create(office: Office, name: str = "Ada") -> Task:
    return office.task("alice", "create_customer", {"name": name})


def customers(office: Office) -> list[str]:
    return [row["name"] for row in office.query("SELECT name FROM customer ORDER BY id")]


def creating_with(create: Any) -> dict[str, Operation]:
    """Operations made for a test, in place of the real ones."""
    return {
        "create_customer": Operation(CreateCustomer, create, False),
        "get_customer": Operation(GetCustomer, lambda work, data: {"customer": {}}, False),
    }


def insert_customer(work: Work, data: Any) -> dict[str, Any]:
    row = work.one("INSERT INTO customer (name, created_by) VALUES (%s, 1) RETURNING id", (data.name,))
    assert row
    work.audit("customer", row["id"], "created", None, {"name": data.name})
    return {"customer": {"id": row["id"]}}
