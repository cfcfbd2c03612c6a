"""``GET /api/v1/ws``: from the upgrade to the ready connection."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tokens import presented_hash
from services.gateway.answers import reader_language
from services.gateway.connection import Connection
from services.gateway.credentials import client_address
from services.gateway.frames import frame
from services.gateway.guesses import Guesses
from services.gateway.heartbeat import PONG, is_ping
from services.gateway.hello import NotReady, read_hello
from services.gateway.identities import Identities, as_operator
from services.gateway.live import NOT_AUTHENTICATED, TRY_LATER, Live, task_frame
from services.gateway.websocket import Violation, WebSocket, accepting
from services.runtime.failures import Unavailable
from services.runtime.http.protocol import TAKE_CONNECTION
from services.runtime.rpc.client import RemoteFailure
from services.runtime.settings import Settings

log = logging.getLogger(__name__)

HELLO_SECONDS = 10.0
"""How long a client may take to say who it is."""

MOST_CONNECTIONS = 50
"""Of an operator, at one gateway. People have some tabs and scripts; each more is told everything once more."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Upgraded(Response):
    """No answer: the connection itself is handed to ``talk``, after the bytes that accept it."""

    def __init__(self, acceptance: bytes, talk: Callable[[WebSocket], None]) -> None:
        super().__init__(status=101)
        self._acceptance = acceptance
        self._talk = talk

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = environ[TAKE_CONNECTION]()
        try:
            connection.send(self._acceptance, HELLO_SECONDS)
            self._talk(WebSocket(connection))
        except OSError as error:
            log.debug("a WebSocket ended: %s", error)
        finally:
            connection.abort()
        return []


@dataclass(frozen=True)
class LiveEndpoint:
    """The resource. ``refused``: told why a connection was closed before it was ready."""

    identities: Identities
    live: Live
    guesses: Guesses
    refused: Callable[[str], None]
    settings: Settings

    def upgrade(self, request: Request) -> Response:
        """Take the connection over.

        Raises ``Refusal``: ``not_found``, ``invalid_request`` or, for a foreign page, ``not_permitted``.
        """
        acceptance = accepting(request)
        if not self._is_own(request):
            raise Refusal(Code.NOT_PERMITTED)
        return Upgraded(acceptance, lambda socket: self._talk(socket, request))

    def _is_own(self, request: Request) -> bool:
        """Browsers always state the page's origin; what is no browser states none and is let in."""
        origin = request.headers.get("Origin")
        return origin is None or origin in self.settings.allowed_origins or same_host(origin, request)

    def _talk(self, socket: WebSocket, request: Request) -> None:
        try:
            connection, since = self._greet(socket, request)
        except Violation as violation:
            return self._count(violation.reason, request)
        except NotReady as refusal:
            self._count(refusal.reason, request)
            return socket.dismiss(refusal.close_code, refusal.told)
        except Refusal as refusal:
            self.refused(refusal.code)
            self.guesses.judge(refusal, request)
            return socket.dismiss(NOT_AUTHENTICATED, refusal.code)
        self.live.add(connection)
        try:
            self._serve(connection, since)
        finally:
            self.live.remove(connection)
            connection.end()
        return None

    def _count(self, reason: str, request: Request) -> None:
        self.refused(reason)
        address = client_address(request, self.settings.trusted_proxies)
        log.info("a WebSocket from %s is refused: %s", address[:60], reason)

    def _greet(self, socket: WebSocket, request: Request) -> tuple[Connection, str | None]:
        """Raises ``NotReady``, ``Refusal``, ``Violation`` or, when the client has gone, another ``OSError``."""
        hello = read_hello(_first_message(socket), reader_language(request))
        digest = presented_hash(hello.token)
        try:
            identity = self.identities.logged_in(digest)
        except Unavailable:
            raise NotReady("unavailable", TRY_LATER, Code.UNAVAILABLE) from None
        if self.live.of_operator(identity["id"]) >= MOST_CONNECTIONS:
            raise NotReady("too_many_connections", TRY_LATER, Code.TOO_MANY_REQUESTS)
        socket.trust()
        last_seen = hello.since or new_task_id()
        return Connection(socket, digest, identity, hello.language, last_seen, self.live.backlog), hello.since

    def _serve(self, connection: Connection, since: str | None) -> None:
        """Ready, then what was missed, then what happens; pushes wait meanwhile. Pings are answered in their turn."""
        socket = connection.socket
        socket.send([frame({"type": "ready", "operator": as_operator(connection.identity)})])
        if since is not None:
            self._replay(connection, since)
        connection.start()
        while (text := socket.receive()) is not None:
            if is_ping(text):
                connection.push(PONG)

    def _replay(self, connection: Connection, since: str) -> None:
        try:
            for outcomes in self.live.missed(connection.identity["id"], since):
                told = {outcome["id"] for outcome in outcomes}
                connection.send_missed(told, [task_frame(outcome, connection.language) for outcome in outcomes])
        except (Refusal, Unavailable, RemoteFailure) as error:
            log.warning("what a connection missed cannot be read, it is closed: %s", error)
            connection.close(TRY_LATER, "unavailable")


def _first_message(socket: WebSocket) -> str:
    try:
        text = socket.receive(HELLO_SECONDS)
    except TimeoutError:
        raise NotReady("no_hello", NOT_AUTHENTICATED, Code.NOT_AUTHENTICATED) from None
    if text is None:
        raise ConnectionError("the client left before it said who it is")
    return text


def same_host(origin: str, request: Request) -> bool:
    """Whether the page comes from the host and port that the request is addressed to."""
    try:
        page, host = urlsplit(origin), urlsplit("//" + request.headers.get("Host", ""))
        page_port = page.port or _DEFAULT_PORTS.get(page.scheme)
        host_ports = {host.port} if host.port else {*_DEFAULT_PORTS.values(), int(request.environ["SERVER_PORT"])}
    except ValueError:
        return False
    return bool(page.hostname) and page.hostname == host.hostname and page_port in host_ports
