"""The HTTP and WebSocket interface from Python: log in, submit, and have the outcome pushed.

Usage: python docs/examples/python_client.py [http://127.0.0.1:5000]   (with the demo data: make up)
Needs requests and simple-websocket.
"""

import json
import sys
import uuid
from collections.abc import Generator
from typing import Any

import requests
import simple_websocket


class Problem(Exception):
    """The request was refused; ``code`` says why."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.code: str = problem["code"]
        super().__init__(f"{problem['code']}: {problem.get('detail', '')}")


class Backoffice:
    """One operator at one server."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._http = requests.Session()
        self._http.trust_env = False  # a netrc file would replace the token

    def submit(self, action: str, data: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
        """Submit a task. It is durable when this returns; a ``key`` makes it safe to repeat. Raises ``Problem``."""
        task = {"action": action, "data": data or {}}
        answer = self._http.post(
            f"{self._base}/api/v1",
            json={"token": self._token, "task": task},
            headers={"Idempotency-Key": key} if key else {},
            timeout=10,
        )
        if not answer.ok:
            raise Problem(answer.json())
        submitted: dict[str, Any] = answer.json()["task"]
        return submitted

    def watch(self, since: str | None = None) -> Generator[dict[str, Any], None, None]:
        """Each outcome as it comes. The first thing yielded says that the connection is ready.

        since: the last task whose outcome was received, after a reconnection; missed ones come first, and with them
               some that were received before: drop repeats by id
        """
        socket = simple_websocket.Client(self._base.replace("http", "ws", 1) + "/api/v1/ws")
        try:
            # The token goes into the first message, never into the URL.
            socket.send(json.dumps({"token": self._token, "since": since}))
            while True:
                text = socket.receive(timeout=30)
                if text is None:
                    raise TimeoutError("nothing was pushed for 30 s")
                yield json.loads(text)
        finally:
            socket.close()


def main() -> None:
    """Create a transfer, and wait until its outcome is pushed."""
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
    alice = Backoffice(base, "12qw")
    print("logged in as", alice.submit("login", {"name": "Alice"})["result"]["operator"])

    pushed = alice.watch()
    # Watch first, then submit: so no outcome is missed, however quick it is.
    print("watching as", next(pushed)["operator"])
    submitted = alice.submit("create_transfer", {"cid": 1, "amount": "250.00", "level": 2}, key=str(uuid.uuid4()))
    print("submitted", submitted["id"])
    for message in pushed:
        if message["type"] == "task" and message["task"]["id"] == submitted["id"]:
            print(
                message["task"]["status"], json.dumps(message["task"]["result"] or message["task"]["error"], indent=2)
            )
            break
    pushed.close()

    try:
        alice.submit("review_transfer", {"id": 1, "approved": True})
    except Problem as problem:
        print("refused, as it should be:", problem)


if __name__ == "__main__":
    main()
