"""``backoffice watch``: outcomes and items as they happen."""

import json
import ssl
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import click
import simple_websocket

from services.cli import output
from services.cli.access import access_options, log_in, server_url, token_or_ask
from services.cli.api import Api
from services.cli.program import Fault, examples
from services.cli.shown import item_line, outcome_line
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.runtime.printable import printable

NOT_AUTHENTICATED = 4401
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
PING_SECONDS = 30
REMEMBERED = 10_000
"""How many outcomes are remembered, so that one that comes again after a reconnect is not shown again."""


@click.command(epilog=examples("backoffice watch --token 34er --name Bob", "backoffice watch --json | jq ."))
@access_options
@click.option("--since", help="A task id: begin with what ended after it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the server sends them.")
def watch(
    token: str | None,
    name: str | None,
    url: str | None,
    language: str,
    cacert: str | None,
    since: str | None,
    as_json: bool,
) -> None:
    """Show your outcomes and the items that you may decide, live, until Ctrl-C.

    When the connection is lost it is made again, and what was missed is shown.
    """
    address, token = server_url(url), token_or_ask(token)
    api = Api(address, token, language, cacert)
    if name:
        log_in(api, name)
    try:
        for message in Watching(address, token, language, since, cacert):
            output.show(json.dumps(message, ensure_ascii=False) if as_json else printable(_line(message)))
    except KeyboardInterrupt:
        output.show("", err=True)


def _line(message: dict[str, Any]) -> str:
    if message["type"] == "task":
        return outcome_line(message["task"])
    if message["type"] == "item":
        return item_line(message["event"], message["item"], now_text())
    operator = message.get("operator", {})
    return f"Watching for {operator.get('name')}: {operator.get('role')}, level {operator.get('level')}."


class Watching:
    """The messages of a connection that is made again whenever it is lost; no outcome comes twice."""

    def __init__(self, address: str, token: str, language: str, since: str | None, cacert: str | None = None) -> None:
        self._address = address
        self._tls = ssl.create_default_context(cafile=cacert) if address.startswith("https:") else None
        self._hello = {"token": token, "language": language}
        self._since = since
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._pause = FIRST_PAUSE
        self._told_lost = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield from self._connection()
            except simple_websocket.ConnectionClosed as closed:
                if closed.reason == NOT_AUTHENTICATED:
                    raise Fault("The token is wrong, or its session has ended; pass --name to log in.") from None
            except (OSError, simple_websocket.ConnectionError):
                pass  # Nothing there, or gone: tried again below.
            self._wait()

    def _connection(self) -> Iterator[dict[str, Any]]:
        socket = simple_websocket.Client.connect(
            self._address.replace("http", "ws", 1) + "/api/v1/ws", ping_interval=PING_SECONDS, ssl_context=self._tls
        )
        socket.send(json.dumps(self._hello | {"since": self._since}))
        while True:
            message = json.loads(socket.receive())
            if self._is_news(message):
                yield message

    def _is_news(self, message: dict[str, Any]) -> bool:
        if message["type"] == "ready":
            # What ends from now on is missed if the connection is lost before the first outcome.
            self._since = self._since or new_task_id()
            again = self._told_lost
            self._pause, self._told_lost = FIRST_PAUSE, False
            return not again
        if message["type"] != "task":
            return True
        task_id = message["task"]["id"]
        self._since = task_id
        known = task_id in self._seen
        self._seen[task_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return not known

    def _wait(self) -> None:
        if not self._told_lost:
            output.show(f"No connection to {self._address}; trying until it is there.", err=True)
        self._told_lost = True
        time.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
