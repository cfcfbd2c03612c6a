"""Every action of the back office. To add one, see docs/adding-an-action.md."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.action import Action, ActionData
from services.contracts.money_data import MoneyData, needs_currency
from services.contracts.operators import Role
from services.contracts.values import (
    Amount,
    AnyLevel,
    Currency,
    Cursor,
    Flag,
    Id,
    Level,
    Levels,
    Limit,
    LongLimit,
    MemberRole,
    Name,
    Reason,
    Search,
    Text,
    Time,
    TokenHash,
    Type,
    TypedName,
    Version,
    Words,
)

EVERYONE = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
COMPLIANCE = frozenset({Role.COMPLIANCE})
SERVICE = frozenset({Role.SERVICE})
DECIDERS = COMPLIANCE | SERVICE


class Login(Action):
    """Open a session: the token works for other actions until it ends."""

    name = "login"
    roles = EVERYONE
    result = ("operator", "actions")
    example: ClassVar = {"name": "Alice"}
    session = True

    class Data(ActionData):
        name: TypedName


class Logout(Action):
    """End the session on every connection."""

    name = "logout"
    roles = EVERYONE
    result = ("operator",)
    session = True


class ById(ActionData):
    """One thing, by its id."""

    id: Id


class GetCustomer(Action):
    """Show a customer."""

    name = "get_customer"
    roles = EVERYONE
    Data = ById
    result = ("customer",)
    example: ClassVar = {"id": 1}
    reads = True


class GetDocument(Action):
    """Show a document."""

    name = "get_document"
    roles = EVERYONE
    Data = ById
    result = ("document",)
    example: ClassVar = {"id": 1}
    reads = True


class GetTransfer(Action):
    """Show a transfer."""

    name = "get_transfer"
    roles = EVERYONE
    Data = ById
    result = ("transfer",)
    example: ClassVar = {"id": 1}
    reads = True


class GetInquiry(Action):
    """Show an inquiry with its thread: what was answered and what its customer replied."""

    name = "get_inquiry"
    roles = EVERYONE
    result = ("inquiry", "thread", "earlier_cursor")
    example: ClassVar = {"id": 1}
    reads = True

    class Data(ActionData):
        id: Id
        cursor: Cursor | None = None


class CreateCustomer(Action):
    """Create a customer."""

    name = "create_customer"
    roles = ADMIN
    result = ("customer",)
    example: ClassVar = {"name": "Grace Hopper"}

    class Data(ActionData):
        name: Name


class CreateDocument(Action):
    """Create a document of a customer, to be reviewed."""

    name = "create_document"
    roles = ADMIN
    result = ("document",)
    example: ClassVar = {"cid": 1, "content": "Passport, page 2", "level": 1}

    class Data(ActionData):
        cid: Id
        content: Text
        level: Level = 1


class CreateTransfer(Action):
    """Create a transfer of a customer, to be reviewed."""

    name = "create_transfer"
    roles = ADMIN
    result = ("transfer",)
    example: ClassVar = {"cid": 1, "amount": "250.00", "level": 2}

    class Data(MoneyData):
        amounts: ClassVar = ("amount",)

        cid: Id
        amount: Amount
        currency: Currency = "USD"
        level: Level = 1


class CreateInquiry(Action):
    """Create an inquiry of a customer, to be answered."""

    name = "create_inquiry"
    roles = ADMIN
    result = ("inquiry",)
    example: ClassVar = {"cid": 1, "problem": "Where is my transfer?"}

    class Data(ActionData):
        cid: Id
        problem: Text
        level: Level = 1


class Review(ActionData):
    """A decision on a document or a transfer."""

    id: Id
    approved: Flag
    reason: Reason | None = None
    version: Version | None = None


class ReviewDocument(Action):
    """Approve or reject a document."""

    name = "review_document"
    roles = COMPLIANCE
    Data = Review
    result = ("document",)
    example: ClassVar = {"id": 1, "approved": True}


class ReviewTransfer(Action):
    """Approve or reject a transfer."""

    name = "review_transfer"
    roles = COMPLIANCE
    Data = Review
    result = ("transfer",)
    example: ClassVar = {"id": 1, "approved": False, "reason": "The account is frozen."}


class OneItem(ActionData):
    """An item of a type, named or not."""

    type: Type
    id: Id | None = None


class ItemFilters(MoneyData):
    """Which waiting items are meant, as a list shows them; a member that is not stated excludes nothing.

    text:   as in ``search_items``
    words:  each of them matches the item as ``text`` does, or is a part of its type, id, amount or currency
    levels: one of them is the level that the item requires
    """

    text: Search | None = None
    words: Words | None = None
    levels: Levels | None = None
    cid: Id | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    currency: Currency | None = None
    created_by: TypedName | None = None
    created_from: Time | None = None
    created_until: Time | None = None


def _no_filter_beside_an_id(schema: dict[str, Any]) -> None:
    needs_currency(schema)
    schema["dependentSchemas"] = {"id": {"properties": dict.fromkeys(ItemFilters.model_fields, False)}}


class GetTask(Action):
    """Claim the item named, or else the oldest that suits you and fits the filters."""

    name = "get_task"
    roles = DECIDERS
    result = ("type", "item", "customer")
    example: ClassVar = {"type": "transfer"}

    class Data(ItemFilters, OneItem):
        model_config = ConfigDict(json_schema_extra=_no_filter_beside_an_id)

        @model_validator(mode="after")
        def _name_or_filter(self) -> Self:
            """Raise ``id_and_filters`` when an item is both named and filtered."""
            if self.id is not None and any(getattr(self, name) is not None for name in ItemFilters.model_fields):
                raise PydanticCustomError("id_and_filters", "takes an id or filters, not both")
            return self

    @classmethod
    def searches(cls, data: Mapping[str, Any]) -> bool:
        """With filters it does."""
        return any(data.get(name) is not None for name in ItemFilters.model_fields)


class ReplyInquiry(Action):
    """Record what the customer replied; the inquiry waits for the customer no longer."""

    name = "reply_inquiry"
    roles = ADMIN
    result = ("inquiry",)
    example: ClassVar = {"id": 1, "reply": "It has not arrived yet."}

    class Data(ActionData):
        id: Id
        reply: Text


class RespondInquiry(Action):
    """Answer an inquiry, and close it, or leave it open until its customer replies or a time comes."""

    name = "respond_inquiry"
    roles = SERVICE
    result = ("inquiry",)
    example: ClassVar = {"id": 1, "answer": " OK", "closed": True}

    class Data(ActionData):
        id: Id
        answer: Text
        closed: Flag
        until: Time | None = None
        version: Version | None = None

        @model_validator(mode="after")
        def _until_when(self) -> Self:
            """Raise ``until_closed`` when the inquiry is closed and waits all the same."""
            if self.closed and self.until is not None:
                raise PydanticCustomError("until_closed", "waits until a time only when it is left open")
            return self


class EscalateTask(Action):
    """Raise the level that an item requires, and let go of it."""

    name = "escalate_task"
    roles = DECIDERS
    result = ("type", "item", "customer")
    example: ClassVar = {"type": "transfer", "id": 3, "level": 2, "reason": "Unusual amount."}

    class Data(ActionData):
        type: Type
        id: Id
        level: Level
        reason: Reason | None = None


class ReleaseTask(Action):
    """Let go of an item that you hold; an Admin ends anybody's claim."""

    name = "release_task"
    roles = EVERYONE
    result = ("type", "item", "customer")
    example: ClassVar = {"type": "transfer", "id": 2}

    class Data(ActionData):
        type: Type
        id: Id


class ListTasks(Action):
    """List the pending items that you may decide, oldest first."""

    name = "list_tasks"
    roles = DECIDERS
    result = ("items", "next_cursor")
    example: ClassVar = {"limit": 50}
    reads = True

    class Data(ActionData):
        type: Type | None = None
        limit: Limit = 50
        cursor: Cursor | None = None
        claimed_by_me: Flag | None = None


class ListQueue(Action):
    """List everything that waits and that your role and level may see, oldest first, in short rows."""

    name = "list_queue"
    roles = EVERYONE
    result = ("queue", "next_cursor")
    example: ClassVar = {"limit": 200}
    reads = True

    class Data(ActionData):
        type: Type | None = None
        limit: LongLimit = 200
        cursor: Cursor | None = None


class SearchCustomers(Action):
    """Find customers by a part of their name, or by their id."""

    name = "search_customers"
    roles = EVERYONE
    result = ("customers", "next_cursor")
    example: ClassVar = {"text": "hopper"}
    reads = True

    class Data(ActionData):
        text: Search | None = None
        created_by: TypedName | None = None
        created_from: Time | None = None
        created_until: Time | None = None
        sort: Literal["created_at", "name"] = "created_at"
        descending: Flag = False
        limit: Limit = 50
        cursor: Cursor | None = None


class SearchItems(Action):
    """Find documents, transfers and inquiries, decided or not, by what is known of them."""

    name = "search_items"
    roles = EVERYONE
    result = ("items", "next_cursor")
    example: ClassVar = {
        "type": "transfer",
        "status": "pending",
        "currency": "USD",
        "min_amount": "100.00",
        "descending": True,
    }
    reads = True

    class Data(MoneyData):
        type: Type | None = None
        status: Literal["pending", "approved", "rejected", "open", "closed"] | None = None
        decided: Flag | None = None
        level: AnyLevel | None = None
        min_level: AnyLevel | None = None
        max_level: AnyLevel | None = None
        cid: Id | None = None
        text: Search | None = None
        min_amount: Amount | None = None
        max_amount: Amount | None = None
        currency: Currency | None = None
        created_by: TypedName | None = None
        claimed_by: TypedName | None = None
        decided_by: TypedName | None = None
        created_from: Time | None = None
        created_until: Time | None = None
        decided_from: Time | None = None
        decided_until: Time | None = None
        sort: Literal["created_at", "decided_at", "level", "amount"] = "created_at"
        descending: Flag = False
        limit: Limit = 50
        cursor: Cursor | None = None


class GetHistory(Action):
    """Show who did what to an item, a customer or an operator, with what it was before and after."""

    name = "get_history"
    roles = EVERYONE
    result = ("entries", "next_cursor")
    example: ClassVar = {"type": "customer", "id": 1}
    reads = True

    class Data(ActionData):
        type: Literal["document", "transfer", "inquiry", "customer", "operator"]
        id: Id
        descending: Flag = False
        limit: Limit = 50
        cursor: Cursor | None = None


class ListActivity(Action):
    """Show what an operator did, you unless an Admin names another, newest first."""

    name = "list_activity"
    roles = EVERYONE
    result = ("entries", "next_cursor")
    example: ClassVar = {"limit": 50}
    reads = True

    class Data(ActionData):
        id: Id | None = None
        limit: Limit = 50
        cursor: Cursor | None = None


class GetStatistics(Action):
    """Count what waits, what was decided and how long that took, over an hour, a day or a week."""

    name = "get_statistics"
    roles = EVERYONE
    result = ("statistics",)
    example: ClassVar = {"period": "day"}
    reads = True

    class Data(ActionData):
        period: Literal["hour", "day", "week"] = "day"


class ListOperators(Action):
    """List the operators."""

    name = "list_operators"
    roles = ADMIN
    result = ("operators", "next_cursor")
    example: ClassVar = {"limit": 50}
    reads = True

    class Data(ActionData):
        text: Search | None = None
        role: MemberRole | None = None
        enabled: Flag | None = None
        limit: Limit = 50
        cursor: Cursor | None = None


class AddOperator(Action):
    """Add an operator, whose token you have made: only its hash is sent and kept."""

    name = "add_operator"
    roles = ADMIN
    result = ("operator",)
    example: ClassVar = {
        "name": "Frank",
        "role": "Compliance",
        "level": 1,
        "token_hash": "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e",
    }

    class Data(ActionData):
        name: Name
        role: MemberRole
        level: Level = 1
        token_hash: TokenHash


class ChangeOperator(Action):
    """Change an operator's role or level; it holds for whatever executes afterwards."""

    name = "change_operator"
    roles = ADMIN
    result = ("operator",)
    example: ClassVar = {"id": 2, "level": 2}

    class Data(ActionData):
        id: Id
        role: MemberRole | None = None
        level: Level | None = None


class DisableOperator(Action):
    """Refuse an operator from now on, and end the open session."""

    name = "disable_operator"
    roles = ADMIN
    Data = ById
    result = ("operator",)
    example: ClassVar = {"id": 2}


class EnableOperator(Action):
    """Let a disabled operator log in again."""

    name = "enable_operator"
    roles = ADMIN
    Data = ById
    result = ("operator",)
    example: ClassVar = {"id": 2}


class RotateOperator(Action):
    """Replace an operator's token by one that you have made, and end the open session."""

    name = "rotate_operator"
    roles = ADMIN
    result = ("operator",)
    example: ClassVar = {"id": 2, "token_hash": "54d626e08c1c802b305dad30b7e54a82f102390cc92c7d4db112048935236e9c"}

    class Data(ActionData):
        id: Id
        token_hash: TokenHash
