"""The entrypoint for work that may take long: several messages side by side, and their owners in turn."""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from eventlet.greenthread import GreenThread

from services.contracts.events import Event
from services.runtime.messaging.batches import BatchConsumer, Letter
from services.runtime.messaging.broker import Delivery

log = logging.getLogger(__name__)

T = TypeVar("T")


class FairQueue(Generic[T]):
    """What waits, by owner. The owners take turns, and each has at most one entry in hand."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self._in_hand: set[Hashable] = set()

    def put(self, owner: Hashable, entry: T) -> None:
        """Append an entry."""
        self._waiting.setdefault(owner, deque()).append(entry)

    def take(self) -> tuple[Hashable, T] | None:
        """The next entry and its owner, who gets no other before ``done``; None when nobody may have one."""
        free = [owner for owner in self._waiting if owner not in self._in_hand]
        if not free:
            return None
        owner, entries = free[0], self._waiting.pop(free[0])
        entry = entries.popleft()
        if entries:
            # Behind all others.
            self._waiting[owner] = entries
        self._in_hand.add(owner)
        return owner, entry

    def done(self, owner: Hashable) -> None:
        """The owner's entry has been dealt with."""
        self._in_hand.discard(owner)

    def clear(self) -> list[T]:
        """Everything that waits, which waits no longer."""
        left = [entry for entries in self._waiting.values() for entry in entries]
        self._waiting.clear()
        return left

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))


class FairConsumer(BatchConsumer):
    """Calls the method with the entries of one message at a time, ``at_once`` messages side by side.

    No owner has two messages worked on at once, and the owners take turns, so that one who sends many delays nobody
    else. In all else it is a ``BatchConsumer``, except that a stopping one returns what it has not begun, and that
    what waits is put back together with what is held for too long.

    owner_of: the owner of an entry; a message belongs to that of its first entry
    """

    def __init__(
        self, event: Event, owner_of: Callable[[Mapping[str, Any]], Hashable], *, at_once: int, **options: Any
    ) -> None:
        self._owner_of = owner_of
        self._at_once = at_once
        self._queue: FairQueue[Letter] = FairQueue()
        self._workers: set[GreenThread] = set()
        super().__init__(event, **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        super().setup()
        self._names = [f"{self._name}, worker {number}" for number in range(self._at_once, 0, -1)]
        for name in self._names:
            self._retries.over(name)

    def start(self) -> None:
        """Nameko: work begins with the first delivery."""

    def stop(self) -> None:
        """Nameko: return what has not begun, finish and acknowledge what has."""
        self._consumer.cancel()
        self._stopped = True
        self._stopping.send()
        for letter in self._queue.clear():
            letter.delivery.reject(requeue=True)
        for worker in list(self._workers):
            worker.wait()

    def kill(self) -> None:
        """Nameko: the container dies; begin nothing more."""
        self._stopped = True

    def _receive(self, delivery: Delivery) -> None:
        if delivery.redelivered:
            self._redelivered.inc()
        if self._stopped:
            delivery.reject(requeue=True)
            return
        letter = self._open(delivery, time.monotonic())
        if letter is not None:
            self._wait(letter)
            self._begin()

    def _wait(self, letter: Letter) -> None:
        self._queue.put(self._owner_of(letter.entries[0]) if letter.entries else None, letter)

    def _begin(self) -> None:
        while self._names and (turn := self._queue.take()) is not None:
            owner, letter = turn
            name = self._names.pop()
            worker = self.container.spawn_managed_thread(partial(self._serve, letter, name), name)
            self._workers.add(worker)
            worker.link(self._ended, owner, name)

    def _serve(self, letter: Letter, name: str) -> None:
        if letter.delivery.alive:
            self._work([letter], name)

    def _ended(self, worker: GreenThread, owner: Hashable, name: str) -> None:
        self._workers.discard(worker)
        self._names.append(name)
        self._queue.done(owner)
        if not self._stopped:
            self._begin()

    def _put_back(self, letters: list[Letter]) -> bool:
        """What waits goes back too: it would be held for as long again when its turn comes."""
        if not super()._put_back(letters):
            return False
        waiting = [letter for letter in self._queue.clear() if letter.delivery.alive]
        if waiting and not super()._put_back(waiting):
            for letter in waiting:
                self._wait(letter)
        return True


consume_fairly: Any = FairConsumer.decorator
