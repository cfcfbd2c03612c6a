"""A proxy before PostgreSQL that can lose the answer to a COMMIT, or the COMMIT itself."""

from enum import Enum
from typing import Any

from tests.proxy import Proxy


class Part(Enum):
    """What of a commit does not get through."""

    REQUEST = "it does not happen"
    ANSWER = "it happens, and its connection is cut before it is told"


class DatabaseProxy(Proxy):
    """Understands just enough of the protocol: a simple query ends with a NUL, and the services send it in one piece.

    to_lose: of how many of the next commits each part is lost
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.to_lose = dict.fromkeys(Part, 0)

    def passing(self, data: bytes, source: Any, sink: Any) -> bool:
        """See ``Proxy``: false cuts the connection."""
        if not data.endswith(b"COMMIT\0"):
            return True
        if self.to_lose[Part.REQUEST]:
            self.to_lose[Part.REQUEST] -= 1
            return False
        if self.to_lose[Part.ANSWER]:
            self.to_lose[Part.ANSWER] -= 1
            self.deaf.add(sink)
        return True
