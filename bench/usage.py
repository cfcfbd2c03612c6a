"""CPU time and memory of groups of processes."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil


@dataclass(frozen=True)
class Group:
    """A process with all that it started. CPU of those that have ended counts too, once their parent has noticed."""

    name: str
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return sum(_measure(process, _cpu) for process in self._processes())

    def pss(self) -> float:
        """MB of memory, what is shared with other processes divided among them."""
        return (
            sum(_measure(process, lambda each: float(each.memory_full_info().pss)) for process in self._processes())
            / 1e6
        )

    def rss(self) -> float:
        """MB of memory, what is shared counted in each process."""
        return sum(_measure(process, lambda each: float(each.memory_info().rss)) for process in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        process = psutil.Process(self.pid)
        return [process, *process.children(recursive=True)]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _measure(process: psutil.Process, measure: Callable[[psutil.Process], float]) -> float:
    # A child that ends meanwhile is counted by its parent.
    with contextlib.suppress(psutil.NoSuchProcess):
        return measure(process)
    return 0.0


def machine_cpu() -> float:
    """Seconds of CPU that all processes of this machine have used."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def listener(name: str, url: str, default_port: int) -> Group | None:
    """The processes of the server behind a URL; None when it does not run on this machine or cannot be seen."""
    port = urlsplit(url).port or default_port
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    pids = {
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid is not None
    }
    return Group(name, min(pids)) if pids else None
