"""What each role may do, as the actions declare it."""

import services.contracts.actions  # noqa: F401 - declares them
from services.contracts.action import ACTIONS


def may(role: str, action: str) -> bool:
    """Whether operators of the role may do the action; nobody may do one that does not exist."""
    declared = ACTIONS.get(action)
    return declared is not None and role in declared.roles
