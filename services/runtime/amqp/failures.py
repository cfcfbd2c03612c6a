"""Every way in which RabbitMQ does not take a message, and what is done about it.

A channel or a connection that RabbitMQ closes takes with it what was in flight, and it does not tell which message was
at fault. So after a code that a message may have caused, each is published again alone (``trial.py``): then the row
says what becomes of the one for which the same happens again.
"""

from dataclasses import dataclass

from amqp.exceptions import AMQPError

from services.runtime.failures import FailureClass, Reaction


@dataclass(frozen=True)
class Reply(FailureClass):
    """by_message: a message in flight may be the cause."""

    by_message: bool


_ROWS = (
    ("311", "content too large", Reaction.FAIL, True, True, "the message is too large"),
    ("312", "no route", Reaction.HOLD, False, False, "returned: no queue takes it, until its reader has declared one"),
    ("313", "no consumers", Reaction.HOLD, True, True, "nobody reads the queue now"),
    ("320", "connection forced", Reaction.HOLD, True, False, "RabbitMQ stops, or somebody closed the connection"),
    ("402", "invalid path", Reaction.HOLD, True, False, "the vhost is missing"),
    ("403", "access refused", Reaction.HOLD, True, True, "the user may not publish there, until somebody mends that"),
    ("404", "not found", Reaction.HOLD, True, True, "the exchange is missing, until it is declared again"),
    ("405", "resource locked", Reaction.HOLD, True, False, "another connection has the queue to itself"),
    ("406", "precondition failed", Reaction.FAIL, True, True, "the message is larger than max_message_size, or unfit"),
    ("501", "frame error", Reaction.FAIL, True, True, "the properties are larger than a frame"),
    ("502", "syntax error", Reaction.FAIL, True, True, "RabbitMQ cannot read the message"),
    ("503", "command invalid", Reaction.HOLD, True, True, "the channel was in another state"),
    ("504", "channel error", Reaction.HOLD, True, True, "the channel was in another state"),
    ("505", "unexpected frame", Reaction.FAIL, True, True, "RabbitMQ cannot read the message"),
    ("506", "resource error", Reaction.HOLD, True, False, "RabbitMQ lacks memory, disk, or file descriptors"),
    ("530", "not allowed", Reaction.HOLD, True, False, "the vhost or a limit does not let the user in"),
    ("540", "not implemented", Reaction.FAIL, True, True, "the message asks for what RabbitMQ does not do"),
    ("541", "internal error", Reaction.HOLD, True, True, "RabbitMQ failed; the message need not be the cause"),
    ("nack", "refused by the queue", Reaction.HOLD, False, False, "the queue is full, or has lost its leader"),
    ("none", "no answer, or the connection was lost", Reaction.HOLD, True, False, "it may have been taken"),
    ("unencodable", "the client cannot encode it", Reaction.FAIL, False, False, "nothing was sent"),
)
REPLIES = {
    code: Reply(code, name, work, replace, reason, by_message)
    for code, name, work, replace, by_message, reason in _ROWS
}
"""By reply code, or by a word for what has none."""


def reply_of(error: BaseException | None) -> Reply:
    """The row of what ended a channel or a connection."""
    code = error.reply_code if isinstance(error, AMQPError) else None
    return REPLIES.get(str(code)) or REPLIES["none"]
