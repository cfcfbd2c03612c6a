"""Four small services for test_hosting. The variable HOSTED says how they behave."""

import os
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider, Entrypoint

BEHAVIOUR, _, SECONDS = os.environ.get("HOSTED", "well").partition(" ")


class Life(DependencyProvider):
    """Starts, dies and stops as told."""

    def start(self) -> None:
        name = self.container.service_name
        if BEHAVIOUR == "unstartable" and name == "users":
            raise RuntimeError("no")
        if BEHAVIOUR == "waiting" and name == "info":
            print("info waits", flush=True)
            eventlet.sleep(60)
        if BEHAVIOUR == "dying" and name == "users":
            self.container.spawn_managed_thread(self._die)

    def _die(self) -> None:
        eventlet.sleep(0.5)
        raise RuntimeError("dead")

    def stop(self) -> None:
        print(f"{self.container.service_name} stopped", flush=True)

    def get_dependency(self, worker_ctx: Any) -> None:
        return None


class Once(Entrypoint):
    """Runs the method once, at the start."""

    def start(self) -> None:
        self.container.spawn_worker(self, (), {})


class Hosted:
    life = Life()

    @Once.decorator
    def work(self) -> None:
        if BEHAVIOUR == "working":
            eventlet.sleep(float(SECONDS))
            print("work done", flush=True)


class Info(Hosted):
    name = "info"


class Users(Hosted):
    name = "users"


class Tasks(Hosted):
    name = "tasks"


class Gateway(Hosted):
    name = "gateway"
