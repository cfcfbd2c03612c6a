"""An operator at work through the public interface, patient with a system that is being broken."""

from random import Random
from typing import Any

import eventlet
import requests

from tests.client import Client
from tests.system.faults.choices import Choice, Choices
from tests.system.faults.record import Record

HTTP_SECONDS = 12
PATIENCE = 90.0
"""Seconds for which a keyed task is sent again and again."""

Answer = dict[str, Any]


class Person:
    """One operator: submits one task after the other, at either gateway, as a client of the contract has to.

    working:      to be made false at the end
    always_keyed: only tasks with idempotency keys
    forgiving:    500 is no contradiction: the answer may be one that the broker does not carry
    """

    def __init__(self, name: str, token: str, gateways: list[str], seed: str, number: int, record: Record) -> None:
        self.name = name
        self.token = token
        self.role = ""
        self.working = True
        self.always_keyed = False
        self.forgiving = False
        self.chance = Random(f"{seed} {name} manners")
        self.pause = (0.02, 0.3)
        self._record = record
        self._choices = Choices(seed, name, number, record)
        self._clients = [Client(url, token, timeout=HTTP_SECONDS) for url in gateways]

    def work(self) -> None:
        """Until ``working`` is false."""
        while self.working:
            if self.role or self.log_in():
                self._submit(self._choices.next(self.role, keyed=self.always_keyed))
            eventlet.sleep(self.chance.uniform(*self.pause))

    def log_in(self) -> bool:
        """Whether the login worked; then the role is known."""
        answer = self.submit("login", {"name": self.name})
        self.role = answer["task"]["operator"]["role"] if answer.get("http") == 200 else ""
        return bool(self.role)

    def submit(self, action: str, data: dict[str, Any], key: str | None = None) -> Answer:
        """Submit one task once; the answer is recorded. Empty when there was none."""
        return self._once(Choice(action, data, key, None, None))

    def look(self) -> bool:
        """Submit a task that changes nothing and wait for its outcome; whether there was one."""
        answer = self._once(Choice("get_customer", {"id": 1}, None, None, 10))
        if answer.get("http") == 401:
            self.log_in()
        return answer.get("http") == 200

    def read(self, task_id: str) -> Answer:
        """A task as it reads now."""
        return self.chance.choice(self._clients).task(task_id)

    def _submit(self, choice: Choice) -> None:
        waited = 0.0
        while waited < PATIENCE:
            answer = self._once(choice)
            http = answer.get("http")
            if http == 401:
                # Somebody logged out; nothing was taken.
                if not self.working or not self.log_in():
                    return
                continue
            if http == 403:
                self.log_in()
            if http not in (None, 503) or choice.key is None:
                return
            waited += 0.5 + HTTP_SECONDS * (http is None)
            eventlet.sleep(0.5)
        return

    def _once(self, choice: Choice) -> Answer:
        answer = self._ask(choice.action, choice.data, choice.key, choice.wait)
        http, record = answer.get("http"), self._record
        if http in (200, 202):
            task = answer["task"]
            record.accept(self.name, task["id"], choice.key)
            if http == 200:
                record.tell(task)
            if choice.marker:
                record.unsure.pop(choice.marker, None)
                record.refused.discard(choice.marker)
        elif choice.marker and (http in (None, 500) or answer.get("params", {}).get("accepted") == "unknown"):
            record.unsure[choice.marker] = answer.get("params", {}).get("task_id")
            record.refused.discard(choice.marker)
        elif choice.marker and choice.marker not in record.unsure:
            record.refused.add(choice.marker)
        if (
            http is not None
            and http not in (200, 202, 401, 403, 422, 429, 503)
            and not (self.forgiving and http == 500)
        ):
            record.contradictions.append(f"{choice.action} of {self.name} was answered {answer}")
        return answer

    def _ask(self, action: str, data: dict[str, Any], key: str | None, wait: int | None) -> Answer:
        headers = {"Idempotency_Key": key} if key else {}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        try:
            answer = self.chance.choice(self._clients).submit(action, data, **headers)
        except (requests.RequestException, OSError):
            return {}
        self._record.answers[answer["http"]] += 1
        return answer
