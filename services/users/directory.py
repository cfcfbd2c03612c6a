"""The operators in memory: whose token it is, and who an operator is, as ``info`` last said."""

import hashlib
import hmac
import time
from collections.abc import Callable, Collection

from services.contracts.characters import normal
from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Identity, OperatorState
from services.runtime.cache import ExpiringCache

SECONDS = 10.0
"""How long an answer is kept. The gateway keeps it 20 s more: 30 s in all, should a change go unheard."""

MOST = 10_000

EVERYONE = 0
"""The operator id of a change that concerns all."""


class Directory:
    """Identities by token hash, operators by id.

    Kept is only who may work: an open session, an active operator. A refusal is asked for anew each time, so that
    nobody who has just logged in is refused from memory.

    The callables ask ``info``; what they raise passes through.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._identities: ExpiringCache[str, Identity | None] = ExpiringCache(SECONDS, MOST, _logged_in, clock)
        self._operators: ExpiringCache[int, OperatorState | None] = ExpiringCache(SECONDS, MOST, _active, clock)

    def identify(self, token_hash: str, ask: Callable[[str], Identity | None]) -> Identity:
        """Whose token it is. Raises ``Refusal`` (``not_authenticated``): nobody's, or a disabled operator's."""
        identity = self._identities.get(token_hash, lambda: ask(token_hash))
        if identity is None:
            raise Refusal(Code.NOT_AUTHENTICATED)
        return identity

    def operator(
        self, operator_id: int, ask: Callable[[int], OperatorState | None], *, fresh: bool = False
    ) -> OperatorState | None:
        """The operator of that id, or None. ``fresh``: as ``info`` says now."""
        return self._operators.get(operator_id, lambda: ask(operator_id), fresh=fresh)

    def forget(self, operator_ids: Collection[int]) -> None:
        """Drop these operators (``EVERYONE`` among them: all), and what is being asked for now."""
        everyone = EVERYONE in operator_ids
        self._identities.drop(lambda identity: everyone or (identity is not None and identity["id"] in operator_ids))
        self._operators.drop(lambda operator: everyone or (operator is not None and operator["id"] in operator_ids))


_NOBODY = Identity(id=0, name="", role="", level=0, session=None)


def check_name(identity: Identity | None, name: str) -> Identity:
    """The identity, when it is that of an operator of this name.

    Raises ``Refusal`` (``not_authenticated``) on one path in one time, whether the token is nobody's or the name
    is another's.
    """
    found = identity or _NOBODY
    same_name = hmac.compare_digest(_digest(normal(found["name"])), _digest(normal(name)))
    if not same_name & (found is not _NOBODY):
        raise Refusal(Code.NOT_AUTHENTICATED)
    return found


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _logged_in(identity: Identity | None) -> bool:
    return identity is not None and identity["session"] is not None


def _active(operator: OperatorState | None) -> bool:
    return operator is not None and operator["active"]
