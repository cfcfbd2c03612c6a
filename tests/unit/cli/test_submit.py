"""What is typed becomes the action's data, and an outcome becomes an exit code."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.program import Misuse, backoffice
from services.cli.submit import read_data


@pytest.mark.parametrize(
    ("action", "values", "data"),
    [
        ("create_transfer", ["cid=1", "amount=250.00", "level=2"], {"cid": 1, "amount": "250.00", "level": 2}),
        ("create_customer", ["name=12"], {"name": "12"}),
        ("create_inquiry", ["cid=1", "problem=a=b"], {"cid": 1, "problem": "a=b"}),
        ("review_document", ["id=1", "approved=Yes"], {"id": 1, "approved": True}),
        ("review_document", ["id=1", "approved=false", "version=3"], {"id": 1, "approved": False, "version": 3}),
        ("get_task", ["type=transfer"], {"type": "transfer"}),
        ("list_tasks", ["claimed_by_me=true"], {"claimed_by_me": True}),
        ("login", ["name=Alice"], {"name": "Alice"}),
        ("logout", [], {}),
    ],
)
def test_values_are_read_as_the_actions_schema_says(action: str, values: list[str], data: dict[str, Any]) -> None:
    assert read_data(action, values) == data


@pytest.mark.parametrize(
    ("action", "values", "sentence"),
    [
        ("creat_transfer", [], "There is no action creat_transfer. Do you mean create_transfer?"),
        ("logout", ["now"], "'now' is not key=value"),
        ("get_document", ["id=1", "id=2"], "comes twice"),
        ("get_document", ["id=one"], "get_document.id must be a whole number"),
        ("get_document", [], "It is get_document id=…."),
        ("create_transfer", ["cid=1", "amount=1", "amont=2"], "create_transfer.amont is not known here"),
        ("review_document", ["id=1", "approved=maybe"], "must be true or false"),
        ("get_task", ["type=letter"], "must be document, transfer or inquiry"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_sent(action: str, values: list[str], sentence: str) -> None:
    with pytest.raises(Misuse) as refusal:
        read_data(action, values)

    assert sentence in refusal.value.message
    assert refusal.value.exit_code == 2


class Server:
    """Answers requests with what it was told to, in order, and keeps them."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.requests: list[tuple[str, str | None, str | None, Any]] = []
        self.keys: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen = json.loads(body) if body else None
                server.keys.append(self.headers["Idempotency-Key"])
                server.requests.append(
                    (self.path, self.headers["Authorization"], self.headers["Prefer"], seen and seen["task"])
                )
                status, answer = server.answers.pop(0)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def task(status: str, **members: Any) -> dict[str, Any]:
    return {"task": {"id": "t1", "action": "get_customer", "status": status, "result": None, "error": None, **members}}


SUCCEEDED = task("succeeded", result={"customer": {"id": 1, "name": "Ada"}})
LOGIN_REQUIRED = (401, {"code": "login_required", "detail": "Log in first.", "errors": []})


def submit(server: Server, *arguments: str) -> Result:
    command = ["submit", "get_customer", "id=1", "--url", server.url, "--token", "12qw", *arguments]
    return CliRunner().invoke(backoffice, command)


def test_an_outcome_is_waited_for_and_shown(server: Server) -> None:
    server.answers = [(202, task("accepted")), (200, SUCCEEDED)]

    result = submit(server)

    assert result.exit_code == 0
    assert result.stdout == "get_customer succeeded  t1\n  customer\n    id    1\n    name  Ada\n"
    sent = {"action": "get_customer", "data": {"id": 1}}
    assert server.requests[0] == ("/api/v1", "Bearer 12qw", "wait=30", sent)
    assert server.requests[1][0] == "/api/v1/tasks/t1"


def test_without_waiting_an_accepted_task_is_enough(server: Server) -> None:
    server.answers = [(202, task("accepted"))]

    result = submit(server, "--no-wait")

    assert result.exit_code == 0
    assert server.requests[0][2] is None


def test_a_failed_task_is_exit_code_1_and_its_sentence(server: Server) -> None:
    error = {"code": "customer_not_found", "number": 4042, "message": "There is no customer 1.", "params": {"id": 1}}
    server.answers = [(200, task("failed", error=error))]

    result = submit(server)

    assert result.exit_code == 1
    assert result.stderr == "backoffice: get_customer: There is no customer 1. (customer_not_found, 4042)\n"


def test_a_failed_task_names_what_was_wrong_with_its_data(server: Server) -> None:
    faults = [{"path": "task.data.cursor", "message": "is not valid"}]
    error = {"code": "invalid_request", "number": 4222, "message": "See errors.", "params": {"errors": faults}}
    server.answers = [(200, task("failed", error=error))]
    assert "(invalid_request, 4222); task.data.cursor is not valid" in submit(server).stderr


def test_json_is_the_task_alone(server: Server) -> None:
    server.answers = [(200, SUCCEEDED)]

    assert json.loads(submit(server, "--json").stdout) == SUCCEEDED["task"]


def test_it_logs_in_when_that_turns_out_to_be_needed(server: Server) -> None:
    server.answers = [LOGIN_REQUIRED, (200, task("succeeded")), (200, SUCCEEDED)]

    result = submit(server, "--name", "Alice")

    assert result.exit_code == 0
    assert [request[3]["action"] for request in server.requests] == ["get_customer", "login", "get_customer"]
    assert server.requests[1][3]["data"] == {"name": "Alice"}


def test_without_a_name_it_says_how_to_log_in(server: Server) -> None:
    server.answers = [LOGIN_REQUIRED]

    result = submit(server)

    assert result.exit_code == 1
    assert "pass --name" in result.stderr


def test_a_refused_request_is_told_with_each_of_its_faults(server: Server) -> None:
    faults = [{"path": "task.data.id", "message": "is too large a number"}]
    server.answers = [(422, {"code": "invalid_request", "detail": "The request has faults.", "errors": faults})]

    result = submit(server)

    assert result.exit_code == 1
    assert result.stderr == (
        "backoffice: The request has faults. (invalid_request)\n  task.data.id is too large a number\n"
    )


def test_no_outcome_in_time_is_exit_code_3_and_names_the_task(server: Server) -> None:
    server.answers = [(202, task("accepted"))] * 5

    result = submit(server, "--timeout", "1")

    assert result.exit_code == 3
    assert "No outcome within 1 seconds; it will still come. The task is t1." in result.stderr


def test_without_a_token_and_a_terminal_it_says_where_a_token_comes_from() -> None:
    result = CliRunner().invoke(backoffice, ["submit", "logout"], env={"BACKOFFICE_TOKEN": None})

    assert result.exit_code == 2
    assert result.stderr == "backoffice: No token: set BACKOFFICE_TOKEN, or pass --token.\n"


def test_a_server_that_is_not_there_is_one_sentence(server: Server) -> None:
    result = CliRunner().invoke(backoffice, ["submit", "logout", "--token", "x", "--url", "http://127.0.0.1:1"])

    assert result.exit_code == 1
    assert (
        result.stderr == "backoffice: Nothing that answers as Backoffice is at http://127.0.0.1:1 (ConnectionError).\n"
    )


def test_what_was_sent_and_not_answered_is_exit_code_3_and_says_how_to_repeat_it(server: Server) -> None:
    server.answers = [(200, {"nothing": "that is known"})]

    result = submit(server)

    assert result.exit_code == 3
    assert "It may have been accepted all the same. To repeat it safely, use --key." in result.stderr


def test_a_broker_that_did_not_confirm_is_exit_code_3_and_names_the_task(server: Server) -> None:
    params = {"accepted": "unknown", "task_id": "t1"}
    server.answers = [(503, {"code": "unavailable", "detail": "The system cannot take this now.", "params": params})]

    result = submit(server)

    assert result.exit_code == 3
    assert "The task is t1." in result.stderr


def test_an_accepted_task_that_cannot_be_read_is_exit_code_3_and_names_the_task(server: Server) -> None:
    server.answers = [(202, task("accepted")), (503, {"code": "unavailable", "detail": "Later."})]

    result = submit(server)

    assert result.exit_code == 3
    assert result.stderr.startswith("backoffice: Task t1 was accepted, but its outcome cannot be read.")


def test_a_refusal_for_too_many_requests_is_repeated_while_there_is_time(server: Server) -> None:
    too_many = (429, {"code": "too_many_requests", "detail": "Too many.", "params": {"retry_after": 0.01}})
    server.answers = [too_many, (200, SUCCEEDED)]

    assert submit(server).exit_code == 0
    assert [request[3]["action"] for request in server.requests] == ["get_customer", "get_customer"]


def test_a_key_is_sent_as_the_idempotency_key(server: Server) -> None:
    server.answers = [(200, SUCCEEDED)]

    submit(server, "--key", "import-17")

    assert server.keys == ["import-17"]


def test_a_netrc_file_and_a_proxy_change_nothing_that_is_sent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    for name, value in {"HOME": str(tmp_path), "NETRC": str(netrc), "http_proxy": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    server.answers = [(200, SUCCEEDED)]

    assert submit(server).exit_code == 0
    assert server.requests[0][1] == "Bearer 12qw"


def run(server: Server, stdout: Any, *options: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """The command as a process, since the streams and the exit code of one are tested."""
    command = [sys.executable, "-m", "services.cli", "submit", "get_customer", "id=1", "--url", server.url]
    return subprocess.run(
        [*command, "--token", "12qw", *options],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("options", "shown"), [([], b"\\u0141ukasz"), (["--json"], b'"\\u0141ukasz"')])
def test_an_encoding_without_the_character_escapes_it(server: Server, options: list[str], shown: bytes) -> None:
    server.answers = [(200, task("succeeded", result={"customer": {"id": 1, "name": "Łukasz"}}))]

    done = run(server, subprocess.PIPE, *options, PYTHONIOENCODING="cp1252")

    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


def test_an_outcome_that_cannot_be_printed_keeps_its_exit_code(server: Server) -> None:
    server.answers = [(200, SUCCEEDED)]

    with Path("/dev/full").open("wb") as full:
        done = run(server, full)

    assert done.returncode == 0
    assert b"the outcome could not be printed: No space left on device" in done.stderr


def test_control_characters_of_stored_text_do_not_reach_the_terminal(server: Server) -> None:
    evil = "Evil\x1b[2J\x1b[31m\x07\x9b5m\u202e\nNext line"
    server.answers = [(200, task("succeeded", result={"customer": {"id": 1, "name": evil}}))] * 2

    assert submit(server).stdout.endswith(r"name  Evil\u001b[2J\u001b[31m\u0007\u009b5m\u202e\nNext line" + "\n")
    as_json = submit(server, "--json").stdout
    assert as_json.removesuffix("\n").isprintable()
    assert json.loads(as_json)["result"]["customer"]["name"] == evil
