"""Who a token belongs to, as ``users`` last said, remembered for a short while."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Identity
from services.gateway.ports import RemoteService
from services.runtime.cache import ExpiringCache

EVERYONE = 0
"""The operator id of an ``operators_changed`` that means all of them."""

KEPT_SECONDS = 20.0
"""How long an identity is kept; ``users`` has kept it for 10 seconds at most before: 30 in all."""

IDENTIFY_SECONDS = 1.8
"""How long ``users`` may take: a submission has to be published and answered within the rest of five seconds."""

_MOST = 10_000


class Identities:
    """Identities by token hash. Refusals are not kept, nor is who has no session: they may log in any moment."""

    def __init__(self, users: RemoteService, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = users
        self._kept: ExpiringCache[str, Identity] = ExpiringCache(KEPT_SECONDS, _MOST, _logged_in, clock)

    def identify(self, token_hash: str, *, fresh: bool = False) -> Identity:
        """The operator; ``fresh``: as ``users`` says now.

        Raises ``Refusal`` (``not_authenticated``) or ``Unavailable``.
        """
        return self._kept.get(token_hash, lambda: self._ask(token_hash), fresh=fresh)

    def logged_in(self, token_hash: str) -> Identity:
        """As ``identify``, and ``Refusal`` (``login_required``) when there is no open session."""
        identity = self.identify(token_hash)
        if not _logged_in(identity):
            raise Refusal(Code.LOGIN_REQUIRED)
        return identity

    def _ask(self, token_hash: str) -> Identity:
        identity: Identity = self._users.call("identify", token_hash, timeout=IDENTIFY_SECONDS)
        return identity

    def forget(self, operator_ids: Collection[int]) -> None:
        """Drop these operators (``EVERYONE`` among them: all), and what is being asked for now."""
        everyone = EVERYONE in operator_ids
        self._kept.drop(lambda identity: everyone or identity["id"] in operator_ids)

    def forget_all(self) -> None:
        """Drop all: changes may have gone unheard."""
        self.forget({EVERYONE})


def _logged_in(identity: Identity) -> bool:
    return identity["session"] is not None


def as_operator(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What a client may see of an identity."""
    return {name: identity[name] for name in ("id", "name", "role", "level")}
