"""The first message of a WebSocket: who connects, and since when."""

from dataclasses import dataclass

from services.contracts.errors import Code, Refusal
from services.contracts.languages import best_language
from services.contracts.task_ids import is_task_id
from services.gateway.json_body import parse_object
from services.gateway.live import MALFORMED, NOT_AUTHENTICATED


@dataclass(frozen=True)
class Hello:
    """The first message of a client."""

    token: str
    since: str | None
    language: str


class NotReady(Exception):
    """A connection is refused.

    reason:     why, for those who run the gateway
    close_code: with which it is closed
    told:       the reason that the client is told
    """

    def __init__(self, reason: str, close_code: int, told: Code) -> None:
        super().__init__(reason)
        self.reason = reason
        self.close_code = close_code
        self.told = told


def read_hello(text: str, language: str) -> Hello:
    """The first message; ``language`` unless it states one. Raises ``NotReady``."""
    try:
        message = parse_object(text.encode("utf-8", "surrogatepass"))
    except Refusal as refusal:
        raise NotReady("malformed", MALFORMED, refusal.code) from None
    token, since, stated = message.get("token"), message.get("since"), message.get("language")
    texts = all(isinstance(member, str | None) for member in (token, stated))
    if not texts or not (since is None or is_task_id(since)):
        raise NotReady("malformed", MALFORMED, Code.INVALID_REQUEST)
    if token is None:
        raise NotReady("no_token", NOT_AUTHENTICATED, Code.NOT_AUTHENTICATED)
    return Hello(token, since, language if stated is None else best_language(stated))
