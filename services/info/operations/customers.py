"""Customers: shown and created."""

from typing import Any

from services.contracts.actions import ById, CreateCustomer, GetCustomer
from services.contracts.errors import Code, Refusal
from services.info.folding import fold
from services.info.items import json_value
from services.info.operations.registry import operation
from services.info.work import Row, Work

_FIND = """
SELECT customer.id, customer.name, customer.created_at, operator.name AS created_by, operator.id AS created_by_id
FROM customer JOIN operator ON operator.id = customer.created_by
WHERE customer.id = %s
"""

_CREATE = """
INSERT INTO customer (name, folded, created_by) VALUES (%s, %s, %s)
RETURNING id, name, created_at, (SELECT name FROM operator WHERE id = created_by) AS created_by,
    created_by AS created_by_id
"""


@operation(GetCustomer)
def get_customer(work: Work, data: ById) -> dict[str, Any]:
    """The customer."""
    return {"customer": find_customer(work, data.id)}


def find_customer(work: Work, customer_id: int) -> dict[str, Any]:
    """The customer as clients see it. Raises ``customer_not_found``."""
    row = work.one(_FIND, (customer_id,))
    if row is None:
        raise Refusal(Code.CUSTOMER_NOT_FOUND, {"id": customer_id})
    return _shown(row)


@operation(CreateCustomer)
def create_customer(work: Work, data: CreateCustomer.Data) -> dict[str, Any]:
    """A new customer."""
    (row,) = work.query(_CREATE, (data.name, fold(data.name), work.operator.id))
    customer = _shown(row)
    work.audit("customer", row["id"], "created", None, customer)
    return {"customer": customer}


def _shown(row: Row) -> dict[str, Any]:
    return {name: json_value(value) for name, value in row.items()}
