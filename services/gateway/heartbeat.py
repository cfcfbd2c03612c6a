"""The ping of a WebSocket client, and its reply.

A page in a browser cannot send the protocol's own ping frames, so it sends a message to find out whether its connection
still works.
"""

from services.contracts.errors import Refusal
from services.gateway.frames import frame
from services.gateway.json_body import parse_object

PONG = frame({"type": "pong"})

LONGEST_PING = 100
"""Characters. A longer message is not a ping, and is not parsed."""


def is_ping(text: str) -> bool:
    """Whether a message is ``{"type": "ping"}``. Other members are ignored, and so are all other messages."""
    if len(text) > LONGEST_PING:
        return False
    try:
        return parse_object(text.encode("utf-8", "surrogatepass")).get("type") == "ping"
    except Refusal:
        return False
