"""Messages as they go over a WebSocket: made once, and sent as they are to every connection that is told them."""

import json
from typing import Any

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage

_SERVER = Connection(ConnectionType.SERVER)
"""A server's frames are the same on every connection: neither masked nor compressed."""


def frame(message: dict[str, Any]) -> bytes:
    """A message as a text frame."""
    return _SERVER.send(TextMessage(data=json.dumps(message, ensure_ascii=False, separators=(",", ":"))))
