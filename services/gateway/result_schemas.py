"""JSON Schemas of what tasks answer, for the OpenAPI document."""

from typing import Any

from services.contracts.action import ACTIONS, Action
from services.contracts.operators import ItemType, Role

Schema = dict[str, Any]

ID: Schema = {"type": "integer", "minimum": 1}
TEXT: Schema = {"type": "string"}
LEVEL: Schema = {"type": "integer", "minimum": 1}
TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2026-11-24T14:50:56.123456Z"]}
TASK_ID: Schema = {"type": "string", "format": "uuid", "description": "A UUIDv7."}
ROLE: Schema = {"type": "string", "enum": [role.value for role in Role]}
ITEM_TYPE: Schema = {"type": "string", "enum": [item_type.value for item_type in ItemType]}


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(description: str, **members: Schema) -> Schema:
    """An object of which every member is always there; clients must put up with further ones."""
    return {"type": "object", "description": description, "properties": members, "required": list(members)}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _item(description: str, subject: dict[str, Schema], statuses: list[str], **conclusion: Schema) -> Schema:
    return record(
        description,
        id=ID,
        cid={**ID, "description": "The customer's id."},
        **subject,
        level={**LEVEL, "description": "The level that is required to decide it."},
        status={"type": "string", "enum": statuses},
        version={**ID, "description": "Grows with each change."},
        created_at=TIME,
        created_by=TEXT,
        created_by_id=ID,
        claimed_by=nullable(TEXT),
        claimed_by_id=nullable(ID),
        claimed_until=nullable(TIME),
        decided_by=nullable(TEXT),
        decided_by_id=nullable(ID),
        decided_at=nullable(TIME),
        **conclusion,
    )


_REVIEWED = ["pending", "approved", "rejected"]
_AMOUNT: Schema = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]{1,4})?$",
    "description": "With as many decimal places as its currency has.",
    "examples": ["250.00"],
}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}

_COUNT: Schema = {"type": "integer", "minimum": 0}
_SECONDS: Schema = nullable({"type": "number", "minimum": 0})
_TAKEN: dict[str, Schema] = {
    "approved": _COUNT,
    "rejected": _COUNT,
    "closed": _COUNT,
    "median_seconds": _SECONDS,
    "p95_seconds": _SECONDS,
}

_WAITING: dict[str, Schema] = {
    "waiting": {
        "type": "boolean",
        "description": "It was answered and left open: `get_task` passes over it until its customer replies, or until "
        "`waiting_until`.",
    },
    "waiting_until": nullable(TIME),
}
_WAITING_COUNT: Schema = {**_COUNT, "description": "How many of them wait for their customers."}
_OLDEST: Schema = {
    **nullable(TIME),
    "description": "When the oldest was created that does not wait for its customer; null without one.",
}
_NOBODY: Schema = {"type": "boolean", "description": "No enabled operator may decide items of this level."}

RESULT_PARTS: dict[str, Schema] = {
    "Operator": record("A member of staff.", id=ID, name=TEXT, role=ROLE, level=LEVEL),
    "Customer": record("A customer.", id=ID, name=TEXT, created_at=TIME, created_by=TEXT, created_by_id=ID),
    "Document": _item("A document to be reviewed.", {"content": TEXT}, _REVIEWED, reason=nullable(TEXT)),
    "Transfer": _item(
        "A transfer to be reviewed.", {"amount": _AMOUNT, "currency": _CURRENCY}, _REVIEWED, reason=nullable(TEXT)
    ),
    "Inquiry": _item(
        "An inquiry to be answered.",
        {"problem": TEXT, "answer": nullable(TEXT), "closed": {"type": "boolean"}},
        ["open", "closed"],
        **_WAITING,
    ),
    "Message": record(
        "What was answered in an inquiry, or replied by its customer.",
        text=TEXT,
        from_customer={"type": "boolean", "description": "The customer's words, recorded by an Admin."},
        by={**TEXT, "description": "Who answered, or recorded the reply."},
        by_id=ID,
        at=TIME,
    ),
    "OperatorAccount": record(
        "An operator as an Admin sees one.",
        id=ID,
        name=TEXT,
        role=ROLE,
        level=LEVEL,
        enabled={"type": "boolean"},
        created_at=TIME,
        last_used_at={**nullable(TIME), "description": "Of the open session; null without one."},
    ),
    "QueueItem": record(
        "An item as the live desk shows it, the same as in a WebSocket's `item` message.",
        type=ITEM_TYPE,
        id=ID,
        level=LEVEL,
        status={"type": "string", "enum": [*_REVIEWED, "open", "closed"]},
        version=ID,
        claimed_by=nullable(TEXT),
        claimed_by_id=nullable(ID),
        claimed_until=nullable(TIME),
        cid=ID,
        customer_name=TEXT,
        text={**nullable(TEXT), "description": "The beginning of what it is about; null for a transfer."},
        amount=nullable(_AMOUNT),
        currency=nullable(_CURRENCY),
        created_at=TIME,
        created_by=TEXT,
        created_by_id=ID,
        decided_by=nullable(TEXT),
        decided_by_id=nullable(ID),
        **_WAITING,
    ),
    "HistoryEntry": record(
        "A change: who made it, when, by which task, and the thing before and after it.",
        id=ID,
        at=TIME,
        by={**nullable(TEXT), "description": "The operator."},
        by_id=nullable(ID),
        actor={**nullable(TEXT), "description": "Who did it without a task, as at the command line."},
        type={"type": "string", "enum": [*ITEM_TYPE["enum"], "customer", "operator"]},
        entity_id=ID,
        event=TEXT,
        task_id=nullable(TASK_ID),
        before=nullable({"type": "object"}),
        after=nullable({"type": "object"}),
    ),
    "Statistics": record(
        "Figures over a period. Seconds are those from creation to decision.",
        period=TEXT,
        **{"from": TIME, "until": TIME},
        bucket_seconds=ID,
        pending=_list(
            record(
                "What waits.",
                type=ITEM_TYPE,
                level=LEVEL,
                count=ID,
                claimed=_COUNT,
                waiting=_WAITING_COUNT,
                oldest_at=_OLDEST,
                nobody_has_level=_NOBODY,
            )
        ),
        buckets=_list(
            record("What happened from then on, where anything did.", at=TIME, type=ITEM_TYPE, created=_COUNT, **_TAKEN)
        ),
        totals=_list(record("What happened in the period.", type=ITEM_TYPE, created=_COUNT, **_TAKEN)),
        reviewers=_list(record("What an operator decided in the period.", id=ID, name=TEXT, type=ITEM_TYPE, **_TAKEN)),
    ),
}

_SESSION_MEMBERS: dict[str, Schema] = {"operator": ref("Operator")}

_MEMBERS: dict[str, Schema] = {
    "operator": ref("OperatorAccount"),
    "operators": _list(ref("OperatorAccount")),
    "customers": _list(ref("Customer")),
    "queue": _list(ref("QueueItem")),
    "entries": _list(ref("HistoryEntry")),
    "statistics": ref("Statistics"),
    "actions": {"type": "array", "items": TEXT, "description": "The actions that this operator may do."},
    "customer": ref("Customer"),
    "document": ref("Document"),
    "transfer": ref("Transfer"),
    "inquiry": ref("Inquiry"),
    "thread": {**_list(ref("Message")), "description": "Oldest first; the latest ones, as many as a page holds."},
    "earlier_cursor": {
        **nullable(TEXT),
        "description": "The `cursor` for the page of earlier messages; null when there is no earlier message.",
    },
    "type": ITEM_TYPE,
    "items": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"type": ITEM_TYPE},
            "required": ["type"],
            "anyOf": [ref("Document"), ref("Transfer"), ref("Inquiry")],
        },
    },
    "next_cursor": nullable(TEXT),
}


def result_schema(action: type[Action]) -> Schema:
    """What the action answers when it succeeds. ``item`` is a member that is called as its type.

    Raises ``KeyError`` for a member that this module does not describe.
    """
    known = _MEMBERS | _SESSION_MEMBERS if action.session else _MEMBERS
    members = {name: known[name] for name in action.result if name != "item"}
    schema = record(action.help(), **members)
    if "item" in action.result:
        schema["anyOf"] = [
            {"properties": {kind.value: ref(kind.value.capitalize())}, "required": [kind.value]} for kind in ItemType
        ]
    return schema


def result_schemas() -> dict[str, Schema]:
    """Every action's result by the name of its schema."""
    return {f"{action.__name__}Result": result_schema(action) for action in ACTIONS.values()}
