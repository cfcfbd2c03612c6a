"""The filters of a claim: the search's conditions on the items that wait.

A claim reads what waits from the oldest on and ends with the first item that fits. So each condition looks only at what
belongs to that one item; it never collects the matches of a whole table, most of which were decided long ago.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.contracts.actions import ItemFilters
from services.info.kinds import TRANSFER, Kind
from services.info.operations.search import ITEM_CONDITIONS, OF_TRANSFERS, text_params

_SHARED = ("cid", "min_amount", "max_amount", "currency", "created_by", "created_from", "created_until")
"""The members that mean the same as in ``search_items``, by the same condition."""

# The same as the search's condition on texts, for one item at a time. Scalar subqueries cannot become a join.
_TEXT = """item.id = %({n}number)s
    OR (SELECT folded FROM item_text WHERE type = '{type}' AND id = item.id) LIKE %({n}part)s
    OR (SELECT folded FROM customer WHERE id = item.cid) LIKE %({n}part)s"""

_ANSWERS = "(SELECT bool_or(folded LIKE %({n}part)s) FROM inquiry_answer WHERE inquiry_id = item.id)"

_SHOWN = ("'{type}'", "item.id::text")
_SHOWN_OF_TRANSFERS = ("item.amount::text", "lower(item.currency)")
"""What a row shows besides texts."""


class Conditions(NamedTuple):
    """What an item has to fulfil: SQL that begins with ``AND``, or nothing, and its values."""

    sql: str
    params: Mapping[str, Any]


def conditions_of(kind: Kind, filters: ItemFilters) -> Conditions | None:
    """The filters as conditions on ``item``; None when no item of this kind can fit them."""
    stated = {name: value for name, value in filters if name in ItemFilters.model_fields and value is not None}
    if kind is not TRANSFER and not stated.keys().isdisjoint(OF_TRANSFERS):
        return None
    conditions = [ITEM_CONDITIONS[name] for name in _SHARED if name in stated]
    params = {name: stated[name] for name in _SHARED if name in stated}
    if filters.levels is not None:
        conditions.append("item.level = ANY(%(levels)s::bigint[])")
        params["levels"] = filters.levels
    if filters.text is not None:
        conditions.append(_any(_texts(kind), kind, ""))
        params |= text_params(filters.text)
    for number, word in enumerate(filters.words or ()):
        prefix = f"word{number}_"
        conditions.append(_any([*_texts(kind), *_shown(kind)], kind, prefix))
        params |= {f"{prefix}{name}": value for name, value in text_params(word).items()}
    return Conditions("".join(f" AND {condition}" for condition in conditions), params)


def _texts(kind: Kind) -> list[str]:
    return [_TEXT, _ANSWERS] if "answer" in kind.subject else [_TEXT]


def _shown(kind: Kind) -> list[str]:
    return [f"{text} LIKE %({{n}}part)s" for text in (*_SHOWN, *(_SHOWN_OF_TRANSFERS if kind is TRANSFER else ()))]


def _any(alternatives: Sequence[str], kind: Kind, prefix: str) -> str:
    return f"({' OR '.join(each.format(n=prefix, type=kind.type.value) for each in alternatives)})"
