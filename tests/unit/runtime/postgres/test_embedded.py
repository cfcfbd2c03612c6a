"""The embedded PostgreSQL: started, shared, taken over, refused."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg2
import pytest

from services.runtime.postgres import programs
from services.runtime.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, running
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[4]
HOLD = """
import sys
from services.runtime.postgres.embedded import running
from tests.waiting import eventually
with running(sys.argv[1]) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = psycopg2.connect(server.url("backoffice"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def hold(data_dir: Path) -> "tuple[subprocess.Popen[str], int]":
    """Another process that uses the server until its standard input ends; and the server's process."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


def release(holder: "subprocess.Popen[str]") -> None:
    holder.communicate()


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_commits_are_durable_and_nobody_else_can_connect(data_dir: Path) -> None:
    with running(data_dir) as server:
        assert [ask(server, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == [
            "on"
        ] * 3
        assert ask(server, "SHOW listen_addresses") == ""
        assert (data_dir / "postgres").stat().st_mode & 0o077 == 0


def test_it_stops_with_its_last_user_and_keeps_the_data(data_dir: Path) -> None:
    with running(data_dir) as server:
        ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
        pid = server.pid
    assert not is_alive(pid)

    with running(data_dir) as server:
        assert ask(server, "SELECT n FROM kept") == 7


def test_processes_share_it_and_the_last_one_stops_it(data_dir: Path) -> None:
    holder, pid = hold(data_dir)

    with running(data_dir) as server:
        assert server.pid == pid
    assert is_alive(pid)

    release(holder)
    assert not is_alive(pid)


def test_a_killed_user_leaves_it_behind_and_the_next_one_takes_it_over(data_dir: Path) -> None:
    holder, pid = hold(data_dir)
    holder.kill()
    holder.communicate()
    assert is_alive(pid)

    with running(data_dir) as server:
        assert server.pid == pid
    assert not is_alive(pid)


def test_a_killed_server_is_started_again_and_what_was_committed_is_there(data_dir: Path) -> None:
    holder, pid = hold(data_dir)
    with running(data_dir) as server:
        ask(server, "CREATE TABLE survives AS SELECT 8 AS n")
    os.kill(pid, signal.SIGKILL)
    holder.kill()
    holder.communicate()

    with running(data_dir) as server:
        assert server.pid != pid
        assert ask(server, "SELECT n FROM survives") == 8


def test_a_pid_file_whose_number_belongs_to_another_process_now_is_no_obstacle(data_dir: Path) -> None:
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n0\n5432\n/tmp\n\n0 0\nready\n")

    with running(data_dir) as server:
        assert server.pid != os.getpid()


def test_it_shuts_down_by_itself_when_abandoned(data_dir: Path) -> None:
    holder, pid = hold(data_dir)
    with running(data_dir) as server:
        server.abandon()
        eventually(lambda: not is_alive(pid))
    release(holder)


def test_one_that_is_shutting_down_is_not_taken_over_but_started_again(data_dir: Path) -> None:
    with running(data_dir) as server:
        old = server.pid
        ask(server, "SELECT 1")
        busy = psycopg2.connect(server.url("backoffice"))
        # A smart shutdown waits for those who are connected, and takes no one else.
        subprocess.run(["kill", "-TERM", str(old)], check=True)
        eventually(lambda: programs.is_stopping(data_dir / "postgres"))
        with running(data_dir) as again:
            assert ask(again, "SELECT 1") == 1
            assert again.pid != old
        busy.close()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    with running(tmp_path / ("long " * 20) / "it's") as server:
        assert ask(server, "SELECT 1") == 1


def test_data_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 9, and the installed one is 18"):
        with running(tmp_path):
            pass


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EmbeddedPostgresError, match=r"The data folder .*/file/data cannot be used"):
        with running(tmp_path / "file" / "data"):
            pass


def test_why_it_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "RETRY_PAUSES", ())
    with running(tmp_path):
        pass
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("\nno_such_setting = 1\n")

    with pytest.raises(EmbeddedPostgresError, match=r"does not start: .*configuration file"):
        with running(tmp_path):
            pass
