"""Who is let in by WebSocket, and who is refused and counted, over a real server and a real client."""

import base64
import logging
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from services.contracts.metrics import WEBSOCKETS_REFUSED
from services.gateway import live_endpoint, websocket
from services.gateway.guesses import SLOW_SECONDS
from services.gateway.limits import SlidingWindow
from services.runtime.settings import Settings
from tests.unit.gateway.stage import Stage
from tests.unit.gateway.websocket_clients import closing_code, frame, raw_socket, ready, socket_to
from tests.waiting import eventually


def refused(stage: Stage) -> dict[str, float]:
    """How many connections were refused, by reason."""
    families = text_string_to_metric_families(stage.gateway.metrics.exposition().decode())
    samples = [sample for family in families for sample in family.samples]
    return {each.labels["reason"]: each.value for each in samples if each.name == WEBSOCKETS_REFUSED.name}


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        ({"token": "nobody"}, "not_authenticated"),
        ({"token": "78ui"}, "login_required"),
        ('{"token": "12qw", "since": "yesterday"}', "malformed"),
        ("12qw", "malformed"),
        ("12qw" * 20_000, "too_large"),
        (None, "no_hello"),
    ],
)
def test_who_is_refused_is_counted_and_logged_without_what_was_said(
    stage: Stage,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hello: Any,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    if hello is None:
        monkeypatch.setattr(live_endpoint, "HELLO_SECONDS", 0.2)
    with socket_to(port, hello) as client:
        closing_code(client)

    assert refused(stage) == {reason: 1}
    line, *more = (record.getMessage() for record in caplog.records if "refused" in record.getMessage())
    assert more == []
    assert "127.0.0.1" in line
    assert reason in line
    assert not [secret for secret in ("nobody", "78ui", "12qw", "yesterday") if secret in caplog.text]


def test_who_leaves_before_a_word_is_no_refusal(stage: Stage, port: int) -> None:
    with socket_to(port):
        pass
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
    assert refused(stage) == {}


def test_frames_that_are_none_and_floods_of_them_are_counted(stage: Stage, port: int) -> None:
    for nonsense in (b"\xff" * 100, frame(0x89, b"ping") * (websocket.MOST_FRAMES + 1)):
        with raw_socket(port, None) as raw:
            raw.sendall(nonsense)
            while raw.recv(4096):
                pass
    assert refused(stage) == {"not_a_frame": 1, "too_many_frames": 1}


def test_wrong_tokens_of_an_address_are_slowed_down_here_too(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.gateway.guesses, "_addresses", SlidingWindow(1, 60.0))
    pauses: list[float] = []
    monkeypatch.setattr(stage.gateway.guesses, "_sleep", pauses.append)
    for expected in ([], [SLOW_SECONDS]):
        with socket_to(port, {"token": "nobody"}) as client:
            assert closing_code(client) == 4401
        assert pauses == expected
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)


def test_an_operator_has_a_bounded_number_of_connections(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_endpoint, "MOST_CONNECTIONS", 2)
    with socket_to(port, {"token": "12qw"}) as first, socket_to(port, {"token": "12qw"}) as second:
        ready(first)
        ready(second)
        with socket_to(port, {"token": "12qw"}) as third:
            assert closing_code(third) == 1013
        with socket_to(port, {"token": "34er"}) as bob:
            ready(bob)
    assert refused(stage) == {"too_many_connections": 1}
    eventually(lambda: len(stage.gateway.live) == 0)
    with socket_to(port, {"token": "12qw"}) as again:
        ready(again)


def upgrade(port: int, method: str = "GET", **headers: str) -> requests.Response:
    named = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return requests.request(method, f"http://127.0.0.1:{port}/api/v1/ws", headers=named, timeout=5)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_page_of_another_origin_is_refused(port: int, origin: str) -> None:
    response = upgrade(port, Origin=origin)
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_permitted"


def test_a_page_of_this_server_or_of_an_allowed_origin_is_let_in() -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://b", http_port=0, allowed_origins=("https://desk.example",)))
    with stage.serving() as port:
        for origin in (f"http://127.0.0.1:{port}", "https://desk.example"):
            with socket_to(port, {"token": "12qw"}, {"Origin": origin}) as client:
                ready(client)


def test_without_an_upgrade_there_is_nothing(port: int) -> None:
    response = requests.get(f"http://127.0.0.1:{port}/api/v1/ws", timeout=5)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_only_a_get_is_an_upgrade(port: int) -> None:
    assert upgrade(port, "HEAD").status_code == 404


@pytest.mark.parametrize("version", ["8", "12", "14", "013"])
def test_an_upgrade_of_another_version_is_told_the_right_one(port: int, version: str) -> None:
    response = upgrade(port, Sec_WebSocket_Version=version)
    assert (response.status_code, response.json()["code"]) == (426, "upgrade_required")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Sec-WebSocket-Version"] == "13"
    assert response.headers["Upgrade"] == "websocket"


def test_an_upgrade_without_a_version_is_a_fault(port: int) -> None:
    response = upgrade(port, Sec_WebSocket_Version="")
    assert [entry["path"] for entry in response.json()["errors"]] == ["header.Sec-WebSocket-Version"]
