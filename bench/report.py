"""The table that a person reads."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from bench.phases import Latency, Throughput
from bench.yardsticks import Yardstick

SUBMIT_MS = 5.0
OUTCOME_MS = 15.0
TASKS_PER_SECOND = 700.0
CPU_MS = 3.0
MEMORY_MB = 120.0
IDLE_PERCENT = 2.0

QUIET_PERCENT = 15.0
"""Of a core. When more than this goes elsewhere, the numbers say more about the machine than about the system."""


@dataclass(frozen=True)
class Row:
    """A measurement. ``goal``: what it should be at most, or at least, if anything."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    direction: Literal["at most", "at least"] = "at most"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None when there is no goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.direction == "at most" else self.value >= self.goal

    def __str__(self) -> str:
        goal = "" if self.goal is None else f"{self.direction} {self.goal:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"  {self.what:<44}{self.value:>10,.2f} {self.unit:<10} {goal:<14} {verdict:<7} {self.note}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"what": self.what, "value": self.value, "unit": self.unit, "goal": self.goal, "met": self.met}


def latency_rows(latency: Latency) -> Iterator[Row]:
    """One task at a time."""
    samples = f"{latency.submit.samples} tasks"
    yield Row("submit to 202, median", latency.submit.median, "ms", SUBMIT_MS, note=samples)
    yield Row("submit to 202, p95", latency.submit.p95, "ms")
    yield Row("submit to outcome pushed, median", latency.outcome.median, "ms", OUTCOME_MS)
    yield Row("submit to outcome pushed, p95", latency.outcome.p95, "ms")
    yield _others(latency.others_percent)


def throughput_rows(what: str, run: Throughput, *, goals: bool = True) -> Iterator[Row]:
    """Saturated."""
    rate, cpu = (TASKS_PER_SECOND, CPU_MS) if goals else (None, None)
    yield Row(f"{what}: finished", run.tasks_per_second, "tasks/s", rate, "at least", f"{run.outcome.samples} tasks")
    yield Row(f"{what}: CPU of all processes", run.cpu_ms_in_all, "ms/task", cpu)
    for name, cpu_ms in run.cpu_ms.items():
        yield Row(f"  of which {name}", cpu_ms, "ms/task")
    yield Row("  besides, the load generator", run.load_generator_cpu_ms, "ms/task")
    yield _others(run.others_percent)
    yield Row(f"{what}: submit to 202, median", run.submit.median, "ms")
    yield Row(f"{what}: submit to 202, p95", run.submit.p95, "ms")
    yield Row(f"{what}: submit to outcome, median", run.outcome.median, "ms")
    yield Row(f"{what}: submit to outcome, p95", run.outcome.p95, "ms")


def _others(percent: float) -> Row:
    note = "not a quiet machine: repeat it" if percent > QUIET_PERCENT else ""
    return Row("  meanwhile, what else ran on this machine", percent, "% of core", note=note)


def idle_rows(idle: dict[str, float], own: set[str]) -> Iterator[Row]:
    """Idle; the goal is for the processes in ``own``."""
    for name, percent in idle.items():
        yield Row(f"idle: {name}", percent, "% of core", IDLE_PERCENT if name in own else None)


def memory_rows(memory: dict[str, dict[str, float]], own: set[str], *, goals: bool = True) -> Iterator[Row]:
    """Memory after the load; the goal is for the processes in ``own``."""
    for name, sizes in memory.items():
        goal = MEMORY_MB if goals and name in own else None
        yield Row(f"memory: {name}", sizes["pss"], "MB", goal, note=f"PSS; RSS {sizes['rss']:,.0f}")


def ratio_rows(inserts: Yardstick, publishes: Yardstick, latency: Latency, run: Throughput) -> Iterator[Row]:
    """Against what the broker and the database do alone."""
    yield Row(
        "PostgreSQL: single inserts, one client", inserts.rate, "commits/s", note=f"{inserts.median_ms:.2f} ms each"
    )
    yield Row(
        "RabbitMQ: confirmed publishes, one by one", publishes.rate, "1/s", note=f"{publishes.median_ms:.2f} ms each"
    )
    yield Row("finished tasks / single inserts", run.tasks_per_second / inserts.rate, "ratio")
    yield Row("finished tasks / confirmed publishes", run.tasks_per_second / publishes.rate, "ratio")
    yield Row("submit / one confirmed publish", latency.submit.median / publishes.median_ms, "ratio")
    path = 4 * publishes.median_ms + inserts.median_ms
    yield Row("outcome / four publishes and one commit", latency.outcome.median / path, "ratio")


def machine() -> str:
    """What the numbers were measured on."""
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"
