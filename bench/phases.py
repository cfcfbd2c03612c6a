"""What is measured on a running system, one after the other."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from bench.load import Operator, Plan, Result
from bench.stack import HOST, Stack
from bench.usage import Group, machine_cpu
from services.contracts.operators import Role
from services.info.demo import OPERATORS

Say = Callable[[str], None]

SETTLE_SECONDS = 3.0
"""After the start, before it is called idle."""


@dataclass(frozen=True)
class Times:
    """Milliseconds."""

    median: float
    p95: float
    samples: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Times":
        """Raises ``ValueError`` when nothing was measured."""
        if len(values) < 2:
            raise ValueError("nothing was measured")
        return cls(statistics.median(values), statistics.quantiles(values, n=20)[-1], len(values))


@dataclass(frozen=True)
class Latency:
    """One task at a time. ``others_percent``: as in ``Throughput``."""

    submit: Times
    outcome: Times
    others_percent: float


@dataclass(frozen=True)
class Throughput:
    """As many tasks as it can take.

    cpu_ms:         of each group of processes, a task; the load generator's apart
    others_percent: of a core that processes which have nothing to do with this used meanwhile
    """

    tasks_per_second: float
    submit: Times
    outcome: Times
    cpu_ms: dict[str, float]
    load_generator_cpu_ms: float
    others_percent: float

    @property
    def cpu_ms_in_all(self) -> float:
        """Without the load generator."""
        return sum(self.cpu_ms.values())


@dataclass(frozen=True)
class Run:
    """What the load generator saw. ``cpu``: seconds of each group of processes meanwhile."""

    result: Result
    cpu: dict[str, float]
    others_percent: float


@dataclass
class Phases:
    """The measurements of one system.

    seconds:     of each saturated run
    connections: of the load generator when it saturates
    unfinished:  the most tasks under way when it saturates
    """

    stack: Stack
    say: Say
    seconds: float
    connections: int
    unfinished: int
    faults: dict[str, int] = field(default_factory=dict)

    def idle(self, seconds: float) -> dict[str, float]:
        """Percent of a core that each process uses while nothing is asked of it."""
        self.say(f"idle, {seconds:g} s")
        time.sleep(SETTLE_SECONDS)
        used, _ = _cpu_used(self.stack.groups, lambda: time.sleep(seconds))
        return {name: cpu / seconds * 100 for name, cpu in used.items()}

    def memory(self) -> dict[str, dict[str, float]]:
        """MB of each process, by PSS and by RSS."""
        return {group.name: {"pss": group.pss(), "rss": group.rss()} for group in self.stack.groups}

    def latency(self, seconds: float) -> Latency:
        """Tasks one at a time."""
        self.say(f"one task at a time, {seconds:g} s")
        self._run(self._plan(seconds=1.0, connections=1, unfinished=1))
        run = self._run(self._plan(seconds=seconds, connections=1, unfinished=1, pause=0.01))
        return Latency(Times.of(run.result.submit), Times.of(run.result.outcome), run.others_percent)

    def throughput(self, *, reviews: bool) -> Throughput:
        """As many tasks as it can take."""
        self.say(f"{'creating and reviewing' if reviews else 'creating'} transfers, saturated, {self.seconds:g} s")
        run = self._run(self._plan(self.seconds, self.connections, self.unfinished, reviews=reviews))
        result = run.result
        return Throughput(
            result.steady / result.steady_seconds,
            Times.of(result.submit),
            Times.of(result.outcome),
            {name: cpu / result.finished * 1000 for name, cpu in run.cpu.items()},
            result.cpu / result.finished * 1000,
            run.others_percent,
        )

    def _plan(
        self, seconds: float, connections: int, unfinished: int, pause: float = 0.0, *, reviews: bool = False
    ) -> Plan:
        creator, reviewer = _operator(Role.ADMIN), _operator(Role.COMPLIANCE)
        return Plan(HOST, self.stack.port, creator, reviewer, seconds, connections, unfinished, pause, reviews)

    def _run(self, plan: Plan) -> Run:
        command = [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))]
        output: list[bytes] = []
        cpu, others = _cpu_used(
            self.stack.groups,
            lambda: output.append(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout),
        )
        result = Result(**json.loads(output[0]))
        for fault, count in result.faults.items():
            self.faults[fault] = self.faults.get(fault, 0) + count
        return Run(result, cpu, max(0.0, (others - result.cpu) / result.seconds * 100))


def _operator(role: Role) -> Operator:
    return next(Operator(each.name, each.token) for each in OPERATORS if each.role is role)


def _cpu_used(groups: Sequence[Group], act: Callable[[], None]) -> tuple[dict[str, float], float]:
    """Seconds of CPU of each group during ``act``, and of everything else on this machine."""
    before, machine_before = {group.name: group.cpu() for group in groups}, machine_cpu()
    act()
    used = {group.name: group.cpu() - before[group.name] for group in groups}
    return used, machine_cpu() - machine_before - sum(used.values())
