"""What an action is, and the checks that a declaration must pass when it is imported."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from services.contracts.errors import Code, Refusal
from services.contracts.operators import Role

_NAME = re.compile(r"[a-z]+(_[a-z]+)*")

ACTIONS: dict[str, type["Action"]] = {}
"""Every declared action by its name, in the order of declaration."""


class ActionData(BaseModel):
    """An action's data. Members that it does not name are refused; the values are those of ``values``."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoData(ActionData):
    """For actions that take none."""


class Action:
    """An action: a subclass names it, says who may do it, what data it takes and what it answers.

    The docstring is its one sentence of help. A wrong declaration raises ``TypeError`` at import.

    name:    ``verb_noun``
    roles:   who may do it
    Data:    the pydantic model of its data
    result:  the members of its result, for the documents
    example: data that the documents show and the tests send
    session: the gateway has it answered in place (login and logout); it has no operation
    reads:   it changes nothing but the record of the task itself
    """

    name: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    Data: ClassVar[type[ActionData]] = NoData
    result: ClassVar[tuple[str, ...]]
    example: ClassVar[Mapping[str, Any]] = {}
    session: ClassVar[bool] = False
    reads: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        fault = _fault_of(cls)
        if fault:
            raise TypeError(f"action {cls.__name__}: {fault}")
        ACTIONS[cls.name] = cls

    @classmethod
    def help(cls) -> str:
        """The sentence that says what it is for."""
        return (cls.__doc__ or "").strip()

    @classmethod
    def searches(cls, data: Mapping[str, Any]) -> bool:
        """Return whether the task has to search for what it changes.

        It is counted with those that only read, and the time of its statements is bounded, since commands wait for it.
        """
        return False

    @classmethod
    def parse(cls, data: Mapping[str, Any], largest_level: int | None = None) -> Any:
        """``data`` as the model. Raises pydantic's ``ValidationError`` with every fault at once.

        largest_level: levels that are given end there; None: nobody knows here
        """
        context = {} if largest_level is None else {"largest_level": largest_level}
        return cls.Data.model_validate(data, context=context)


def _fault_of(action: type[Action]) -> str | None:
    name = getattr(action, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"its name must be verb_noun, not {name!r}"
    if name in ACTIONS:
        return f"the name {name!r} is already taken by {ACTIONS[name].__name__}"
    if not getattr(action, "roles", None) or not all(isinstance(role, Role) for role in action.roles):
        return "its roles must be a non-empty set of Role"
    if not action.__doc__ or not action.__doc__.strip().endswith("."):
        return "its docstring must be one sentence of help that ends with a full stop"
    if not getattr(action, "result", None):
        return "it must name the members of its result"
    if not issubclass(action.Data, ActionData):
        return "its Data must be a subclass of services.contracts.action.ActionData"
    try:
        action.Data.model_validate(action.example)
    except ValidationError as error:
        return f"its example is not valid data: {error.errors()[0]['loc']} {error.errors()[0]['msg']}"
    return None


def find_action(name: Any) -> type[Action]:
    """The action of that name. Raises ``Refusal`` (``unknown_action``)."""
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise Refusal(Code.UNKNOWN_ACTION)
    return action


def canonical(data: ActionData) -> dict[str, Any]:
    """What was asked, as JSON values: members that were not stated stay out, amounts are strings."""
    return data.model_dump(mode="json", exclude_unset=True)
