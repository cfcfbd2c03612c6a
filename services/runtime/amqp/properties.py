"""Reading message properties that a hostile client made unreadable.

py-amqp raises from the connection's reading loop when a property is no UTF-8 or a timestamp is out of range. The
broker would deliver the same message to the next connection, and the next: one message would stop every reader of
its queue. Here such a message reads as one without properties; its body then says what it is worth.
"""

import logging
import struct
from collections.abc import Callable
from typing import Any

from amqp.exceptions import AMQPError
from amqp.serialization import PROPERTY_CLASSES
from amqp.spec import Basic

log = logging.getLogger(__name__)

BASIC = Basic.CLASS_ID
UNREADABLE = (ValueError, LookupError, OverflowError, OSError, RecursionError, struct.error, AMQPError)


def install() -> None:
    """Make py-amqp tolerant, once a process."""
    if not isinstance(PROPERTY_CLASSES[BASIC], Tolerant):
        PROPERTY_CLASSES[BASIC] = Tolerant(PROPERTY_CLASSES[BASIC])


class Tolerant:
    """py-amqp's decoder of the properties, which no longer raises."""

    def __init__(self, decode: Callable[[bytes, int], tuple[dict[str, Any], int]]) -> None:
        self._decode = decode

    def __call__(self, buffer: bytes, offset: int) -> tuple[dict[str, Any], int]:
        """The properties, and where they end (which nobody reads)."""
        try:
            return self._decode(buffer, offset)
        except UNREADABLE:
            log.warning("a message has properties that cannot be read; it is taken to have none")
            return {}, len(buffer)
