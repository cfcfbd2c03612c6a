import os
import socket
import subprocess
import sys

import psutil
import pytest

from bench.usage import Group, listener

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_cpu_of_children_counts_also_when_they_have_ended() -> None:
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        group = Group("parent", process.pid)
        while psutil.Process(process.pid).cpu_times().children_user == 0:
            pass
        assert group.cpu() >= 0.25
        process.terminate()


def test_memory_of_this_process_is_some_megabytes() -> None:
    group = Group("tests", os.getpid())
    assert 1 < group.pss() <= group.rss() < 10_000


def test_a_server_is_found_by_the_port_of_its_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = listener("it", f"postgresql://127.0.0.1:{server.getsockname()[1]}/x", 5432)
    assert found == Group("it", os.getpid())


def test_a_server_elsewhere_is_none_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [])
    assert listener("it", "amqp://elsewhere/", 5672) is None
