"""Claims: an item is taken for a while, passed to a higher level, or let go of."""

from typing import Any

from services.contracts.actions import EscalateTask, GetTask, ReleaseTask
from services.contracts.errors import Code, Refusal
from services.contracts.operators import Role
from services.info import items
from services.info.deciders import somebody_may_decide
from services.info.items import Item, item_of, statement
from services.info.kinds import INQUIRY, KINDS, Kind
from services.info.operations.filters import Conditions, conditions_of
from services.info.operations.registry import operation
from services.info.releases import FREED
from services.info.rules import check_holder, check_may_decide, check_raises_level, check_undecided, kind_for
from services.info.work import Work

_CLAIMED = """
    claimed_by = %(me)s, claimed_at = statement_timestamp(), version = version + 1,
    claimed_until = statement_timestamp() + least(%(claim_seconds)s::float8, %(longest)s::float8) * interval '1 second'
"""

# A claim taken before there was claimed_at counts from its first renewal on.
_RENEWED = """
    claimed_at = coalesce(claimed_at, statement_timestamp()),
    claimed_until = greatest(claimed_until, least(
        statement_timestamp() + %(claim_seconds)s * interval '1 second',
        coalesce(claimed_at, statement_timestamp()) + %(longest)s * interval '1 second'))
"""

# What the caller holds already, longest waiting first.
_HELD = """
{show}
WHERE item.claimed_by = %(me)s AND item.claimed_until > statement_timestamp() AND item.level <= %(level)s{ready}{fits}
ORDER BY item.created_at, item.id LIMIT 1 FOR UPDATE OF item
"""

# Picked and claimed at once; answers the item before and after. What somebody else is just changing is passed over.
_NEXT = """
WITH picked AS (
    SELECT * FROM {table} AS item
    WHERE status = '{undecided}' AND level <= %(level)s AND created_by <> %(me)s
        AND (claimed_until IS NULL OR claimed_until <= statement_timestamp()){ready}{fits}
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
), changed AS (
    UPDATE {table} SET {claimed} WHERE id = (SELECT id FROM picked) RETURNING *
)
{show_picked} UNION ALL {show_changed} ORDER BY version
"""

# What waits for its customer is nothing to work on: its claim ends by itself, and does not count meanwhile.
_COUNT = """
SELECT count(*) AS held FROM (
    SELECT claimed_until FROM document WHERE claimed_by = %(me)s
    UNION ALL SELECT claimed_until FROM transfer WHERE claimed_by = %(me)s
    UNION ALL SELECT claimed_until FROM inquiry AS item WHERE claimed_by = %(me)s AND NOT {waiting}
) AS claim
WHERE claimed_until > statement_timestamp()
"""


@operation(GetTask, locks_operator=True)
def get_task(work: Work, data: GetTask.Data) -> dict[str, Any]:
    """The item named, or the oldest that suits the caller and fits the filters, claimed."""
    kind = kind_for(work.operator, data.type)
    return _with_customer(
        _claim_next(work, kind, conditions_of(kind, data)) if data.id is None else _claim(work, kind, data.id)
    )


@operation(EscalateTask)
def escalate_task(work: Work, data: EscalateTask.Data) -> dict[str, Any]:
    """The item, now at a higher level and free."""
    kind = kind_for(work.operator, data.type)
    # Operators are locked before items.
    somebody = somebody_may_decide(work, kind, data.id, data.level)
    item = items.lock(work, kind, data.id)
    check_may_decide(work.operator, item)
    check_raises_level(item, data.level)
    if not somebody:
        raise Refusal(Code.NOBODY_HAS_LEVEL, {"level": data.level})
    note = None if data.reason is None else {"escalation_reason": data.reason}
    return _with_customer(
        items.change(
            work, "escalated", item, f"level = %(level)s, {FREED}{_attended(item.kind)}", {"level": data.level}, note
        )
    )


@operation(ReleaseTask)
def release_task(work: Work, data: ReleaseTask.Data) -> dict[str, Any]:
    """The item, free again; only an Admin ends the claim of another operator."""
    admin = work.operator.role is Role.ADMIN
    item = items.lock(work, KINDS[data.type] if admin else kind_for(work.operator, data.type), data.id)
    check_undecided(item)
    if not (admin and item.holder):
        check_holder(work.operator, item)
    return _with_customer(items.change(work, "released", item, FREED, {}))


def _claim(work: Work, kind: Kind, item_id: int) -> Item:
    item = items.lock(work, kind, item_id)
    check_may_decide(work.operator, item)
    if item.holder == work.operator.id:
        return _renew(work, item)
    _check_claims_left(work)
    return items.change(work, "claimed", item, _CLAIMED, _params(work))


def _claim_next(work: Work, kind: Kind, fits: Conditions | None) -> Item:
    if fits is None:
        raise Refusal(Code.NOTHING_TO_DO)
    params = {**_params(work), **fits.params}
    # Filters make many statements, and the plan of one depends on what is looked for.
    held = work.query(statement(kind, _HELD, ready=_ready(kind), fits=fits.sql), params, prepare=not fits.sql)
    if held:
        return _renew(work, item_of(kind, held[0]))
    _check_claims_left(work)
    rows = work.query(next_item(kind, fits), params, prepare=not fits.sql)
    if not rows:
        raise Refusal(Code.NOTHING_TO_DO)
    before, after = (item_of(kind, row) for row in rows)
    items.tell(work, "claimed", before, after)
    return after


def next_item(kind: Kind, fits: Conditions) -> str:
    """The statement that picks the oldest item which fits, and claims it."""
    return statement(kind, _NEXT, claimed=_CLAIMED, ready=_ready(kind), fits=fits.sql)


def _ready(kind: Kind) -> str:
    """A condition that passes over what waits for its customer."""
    return f" AND NOT {kind.waiting['waiting']}" if kind.waits else ""


def _renew(work: Work, item: Item) -> Item:
    return items.renew(work, item, _RENEWED, _params(work))


def _check_claims_left(work: Work) -> None:
    """The operator's row is locked, so that no other replica counts the same claims meanwhile."""
    (row,) = work.query(statement(INQUIRY, _COUNT, **INQUIRY.waiting), _params(work))
    if row["held"] >= work.limits.max_claims:
        raise Refusal(Code.TOO_MANY_CLAIMS, {"held": row["held"], "limit": work.limits.max_claims})


def _params(work: Work) -> dict[str, Any]:
    return {
        "me": work.operator.id,
        "level": work.operator.level,
        "claim_seconds": work.limits.claim_seconds,
        "longest": work.limits.longest_claim_seconds,
    }


def _attended(kind: Kind) -> str:
    """Who escalates an item wants it looked at, so it waits for its customer no longer."""
    return ", waiting_until = NULL" if kind.waits else ""


def _with_customer(item: Item) -> dict[str, Any]:
    name = item.kind.type.value
    return {"type": name, name: item.shown, "customer": item.customer}
