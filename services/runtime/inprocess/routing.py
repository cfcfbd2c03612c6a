"""Which queues a message goes to: the topic exchanges of the in-process broker."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from services.runtime.messaging.broker import Binding

Q = TypeVar("Q")

REMEMBERED = 1_024
"""Routes kept. Reply queues have names of their own, so that routing keys never stop being new."""


class Routes(Generic[Q]):
    """The bindings of all queues; every exchange is a topic exchange and exists by being named."""

    def __init__(self) -> None:
        self._bindings: dict[str, list[tuple[list[str], Q]]] = {}
        self._known: dict[tuple[str, str], tuple[Q, ...]] = {}

    def bind(self, queue: Q, binding: Binding) -> None:
        """Have ``queue`` take what matches; binding it twice changes nothing."""
        bound = self._bindings.setdefault(binding.exchange, [])
        entry = (words(binding.routing_key), queue)
        if entry not in bound:
            bound.append(entry)
            self._known.clear()

    def unbind(self, queue: Q) -> None:
        """Forget every binding of ``queue``."""
        for exchange, bound in self._bindings.items():
            self._bindings[exchange] = [entry for entry in bound if entry[1] is not queue]
        self._known.clear()

    def find(self, exchange: str, routing_key: str) -> tuple[Q, ...]:
        """Each queue that takes the message, once, in the order of their first bindings."""
        route = (exchange, routing_key)
        found = self._known.get(route)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            key = words(routing_key)
            bound = self._bindings.get(exchange, ())
            found = tuple({id(queue): queue for pattern, queue in bound if matches(pattern, key)}.values())
            self._known[route] = found
        return found


def words(routing_key: str) -> list[str]:
    """The words between the dots; an empty key has none."""
    return routing_key.split(".") if routing_key else []


def matches(pattern: Sequence[str], key: Sequence[str]) -> bool:
    """AMQP's rule: ``*`` stands for one word, ``#`` for any number of them."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return any(matches(pattern[1:], key[start:]) for start in range(len(key) + 1))
    return bool(key) and pattern[0] in ("*", key[0]) and matches(pattern[1:], key[1:])
