"""The live connections of this gateway, and what is pushed to them."""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from services.contracts.action import ACTIONS
from services.contracts.errors import Refusal
from services.contracts.operators import Role
from services.contracts.tasks import Identity, ItemChange, OperatorChange, Outcome, Rights
from services.gateway.connection import Connection
from services.gateway.fan_out import may_see
from services.gateway.frames import frame
from services.gateway.identities import EVERYONE, Identities
from services.gateway.ports import RemoteService
from services.gateway.presentation import shown_task
from services.runtime.failures import Unavailable
from services.runtime.http.backlog import Backlog
from services.runtime.rpc.client import RemoteFailure

log = logging.getLogger(__name__)

MALFORMED = 4400
NOT_AUTHENTICATED = 4401
RESTARTING = 1012
TRY_LATER = 1013

MOST_BYTES = 64 * 1024 * 1024
"""Of messages that connections have not read yet, each counted for every connection that it waits for."""

_Key = TypeVar("_Key")


class Live:
    """Connections by operator, for outcomes, and by role and level, for items.

    pushed: told which outcome was handed to how many connections

    ``backlog`` counts what the connections have not read yet.
    """

    def __init__(
        self,
        identities: Identities,
        tasks: RemoteService,
        pushed: Callable[[str, int], None] = lambda task_id, count: None,
    ) -> None:
        self._identities = identities
        self._tasks = tasks
        self._pushed = pushed
        self._by_operator: defaultdict[int, set[Connection]] = defaultdict(set)
        self._by_rank: defaultdict[tuple[Role, int], set[Connection]] = defaultdict(set)
        self._changed: set[int] = set()
        self._changed_before: set[int] = set()
        self._draining = False
        self.backlog = Backlog(MOST_BYTES)

    def __len__(self) -> int:
        return sum(map(len, self._by_operator.values()))

    def of_operator(self, operator_id: int) -> int:
        """How many connections an operator has."""
        return len(self._by_operator.get(operator_id, ()))

    def add(self, connection: Connection) -> None:
        """Push to it from now on; a draining gateway closes it."""
        self._by_operator[connection.identity["id"]].add(connection)
        self._by_rank[_rank(connection)].add(connection)
        if self._draining:
            connection.close(RESTARTING, "restarting")

    def remove(self, connection: Connection) -> None:
        """Push nothing to it any more."""
        _discard(self._by_operator, connection.identity["id"], connection)
        _discard(self._by_rank, _rank(connection), connection)

    def outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Push finished tasks to their operators' connections. Login and logout are nobody's news."""
        for outcome in outcomes:
            connections = self._by_operator.get(outcome["operator"]["id"])
            if connections and _is_pushed(outcome):
                self._pushed(outcome["id"], _push_outcome(outcome, connections))

    def connections(self) -> set[Connection]:
        """All that are open here."""
        return set(self._of({EVERYONE}))

    def renew(self, rights: Mapping[int, Rights | None]) -> None:
        """What these operators may see from now on. Who has no open session any more is closed; items that still wait
        to be sent to one whose rights have changed are dropped."""
        for operator_id, now in rights.items():
            for connection in self._of({operator_id}):
                identity = connection.identity
                if now is None or now["session"] != identity["session"]:
                    connection.close(NOT_AUTHENTICATED, "login_required")
                elif (now["role"], now["level"]) != (identity["role"], identity["level"]):
                    self._rank_anew(connection, {**identity, "role": now["role"], "level": now["level"]})

    def close_all(self) -> None:
        """Have all clients come again later: what happens now cannot be shown to them."""
        for connection in self._of({EVERYONE}):
            connection.close(TRY_LATER, "unavailable")

    def changes(self, changes: Iterable[ItemChange]) -> None:
        """Push changes of items to those who may see them, as their connections know it (``ItemFeed``)."""
        for change in changes:
            item: bytes | None = None
            for (role, level), connections in list(self._by_rank.items()):
                if may_see(role, level, change):
                    item = item or frame({"type": "item", "event": change["event"], "item": change["item"]})
                    for connection in list(connections):
                        connection.push(item)

    def operators_changed(self, changes: Iterable[OperatorChange]) -> None:
        """Close what has ended; everything else of these operators is checked by ``check_changed`` soon."""
        for change in changes:
            if change["ended"]:
                for connection in self._of({change["id"]}):
                    connection.close(NOT_AUTHENTICATED, "login_required")
            self._changed.add(change["id"])

    def check_changed(self) -> None:
        """Check the operators that changed a moment ago, when ``users`` has heard of it too. Called twice a second."""
        due, self._changed_before, self._changed = self._changed_before, self._changed, set()
        if due:
            self._identities.forget(due)
            self._check(self._of(due))

    def check_all(self) -> None:
        """Check every connection's operator: an event may have been lost."""
        self._check(self._of({EVERYONE}))

    def replay_all(self) -> None:
        """Outcomes may have gone unheard: push what finished since the last that each connection was sent.

        A connection whose outcomes are refused is closed, and its client comes again. Raises ``Unavailable`` when they
        cannot be read now; it may be repeated.
        """
        for connection in self._of({EVERYONE}):
            try:
                self._replay(connection)
            except (Refusal, RemoteFailure) as error:
                log.warning("what a connection missed cannot be read, it is closed: %s", error)
                connection.close(TRY_LATER, "unavailable")

    def _replay(self, connection: Connection) -> None:
        for outcomes in self.missed(connection.identity["id"], connection.last_seen):
            for outcome in outcomes:
                self._pushed(outcome["id"], _push_outcome(outcome, [connection]))

    def missed(self, operator_id: int, task_id: str) -> Iterator[list[Outcome]]:
        """The operator's outcomes since that task's, in order, a page at a time.

        Raises ``Refusal``, ``Unavailable`` or ``RemoteFailure``.
        """
        cursor: str | None = ""
        while cursor is not None:
            page = self._tasks.call("finished_since", operator_id, task_id, cursor)
            yield [outcome for outcome in page["outcomes"] if _is_pushed(outcome)]
            cursor = page["next_cursor"]

    def drain(self) -> None:
        """Close all and every one that still comes: the gateway is about to stop."""
        self._draining = True
        for connection in self._of({EVERYONE}):
            connection.close(RESTARTING, "restarting")

    def _of(self, operator_ids: Collection[int]) -> list[Connection]:
        if EVERYONE in operator_ids:
            return [connection for connections in self._by_operator.values() for connection in connections]
        return [connection for key in operator_ids for connection in self._by_operator.get(key, ())]

    def _check(self, connections: Iterable[Connection]) -> None:
        by_token: defaultdict[str, list[Connection]] = defaultdict(list)
        for connection in connections:
            by_token[connection.token_hash].append(connection)
        for token_hash, group in by_token.items():
            try:
                identity = self._identities.identify(token_hash, fresh=True)
            except Refusal as refusal:
                for connection in group:
                    connection.close(NOT_AUTHENTICATED, refusal.code)
            except Unavailable as error:
                log.warning("connections could not be checked, they will be in a while: %s", error)
            else:
                for connection in group:
                    self._renew(connection, identity)

    def _renew(self, connection: Connection, identity: Any) -> None:
        if identity["session"] != connection.identity["session"]:
            connection.close(NOT_AUTHENTICATED, "login_required")
        elif connection in self._by_operator.get(identity["id"], ()):
            self._rank_anew(connection, identity)

    def _rank_anew(self, connection: Connection, identity: Identity) -> None:
        """Index the connection by other rights. Items that wait for it were chosen by the former ones."""
        before = _rank(connection)
        self.remove(connection)
        connection.identity = identity
        self.add(connection)
        if _rank(connection) != before:
            connection.drop_items()


def _discard(index: defaultdict[_Key, set[Connection]], key: _Key, connection: Connection) -> None:
    index[key].discard(connection)
    if not index[key]:
        del index[key]


def _rank(connection: Connection) -> tuple[Role, int]:
    return Role(connection.identity["role"]), connection.identity["level"]


def _is_pushed(outcome: Outcome) -> bool:
    action = ACTIONS.get(outcome["action"])
    return action is None or not action.session


def _push_outcome(outcome: Outcome, connections: Collection[Connection]) -> int:
    """To how many it was news."""
    news = [connection for connection in connections if connection.is_news(outcome["id"])]
    frames: dict[str, bytes] = {}
    for connection in news:
        if connection.language not in frames:
            frames[connection.language] = task_frame(outcome, connection.language)
        connection.push(frames[connection.language], outcome["id"])
    return len(news)


def task_frame(outcome: Outcome, language: str) -> bytes:
    """The message that pushes a finished task."""
    return frame({"type": "task", "task": shown_task(outcome, language)})
