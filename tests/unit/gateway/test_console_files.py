"""The console as the gateway serves it: its own files, in the best coding, and nothing else."""

import gzip
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.unit.gateway.stage import Stage, refused

SCRIPT = b"console.log('Backoffice');" * 20


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder of a console that is built, inside a folder with a secret."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "index.html").write_text("<!doctype html><title>Backoffice</title>")
    (folder / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "index-1a2b.js.br").write_bytes(b"brotli")
    (folder / "assets" / "icon-3c4d.svg").write_text("<svg/>")
    (folder / "assets" / "linked.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def client(built: Path) -> FlaskClient:
    """A client of a gateway with that console."""
    return Stage(console=built).client


def test_the_page_is_asked_for_again_each_time_and_may_load_its_own_files_only(client: FlaskClient) -> None:
    page = client.get("/")

    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")
    assert page.headers["Cache-Control"] == "no-cache"
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert [directive for directive in policy if "unsafe" in directive or "*" in directive or "http" in directive] == []
    for name in ("base-uri", "form-action", "frame-ancestors"):
        assert f"{name} 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_page_that_has_not_changed_is_not_sent_again(client: FlaskClient) -> None:
    etag = client.get("/").headers["ETag"]

    again = client.get("/", headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_file_whose_name_tells_its_content_is_kept_for_good(client: FlaskClient) -> None:
    script = client.get("/assets/index-1a2b.js")

    assert (script.data, script.content_type) == (SCRIPT, "text/javascript; charset=utf-8")
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/assets/icon-3c4d.svg").content_type == "image/svg+xml"


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("br, gzip", "br", b"brotli"),
        ("gzip;q=1.0, br;q=0.5", "br", b"brotli"),
        ("gzip", "gzip", gzip.compress(SCRIPT)),
        ("br;q=0, gzip", "gzip", gzip.compress(SCRIPT)),
        ("deflate", None, SCRIPT),
        ("", None, SCRIPT),
    ],
)
def test_a_file_comes_in_a_coding_that_the_client_takes(
    client: FlaskClient, accepted: str, coding: str | None, body: bytes
) -> None:
    script = client.get("/assets/index-1a2b.js", headers={"Accept-Encoding": accepted})

    assert (script.headers.get("Content-Encoding"), script.headers["Vary"]) == (coding, "Accept-Encoding")
    assert len(script.data) == len(body)
    assert script.data == body or coding == "gzip"
    assert int(script.headers["Content-Length"]) == len(body)


def test_each_coding_has_a_tag_of_its_own(client: FlaskClient) -> None:
    tags = {
        client.get("/assets/index-1a2b.js", headers={"Accept-Encoding": coding}).headers["ETag"]
        for coding in ("br", "gzip", "identity")
    }

    assert len(tags) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/assets",
        "/assets/",
        "/assets/none.js",
        "/assets/index-1a2b.js.br",
        "/assets/linked.txt",
        "/assets/../../secret.txt",
        "/..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "//assets/index-1a2b.js",
        "/assets/index-1a2b.js%00",
    ],
)
def test_nothing_else_is_there(client: FlaskClient, path: str) -> None:
    assert refused(client.get(path)) == (404, "not_found")


def test_the_api_is_where_it_always_was(client: FlaskClient) -> None:
    for path in ("/api/v1/docs", "/api/v1/openapi.json", "/healthz"):
        assert client.get(path).status_code == 200


def test_without_a_console_the_entrance_says_so(stage: Stage, tmp_path: Path) -> None:
    assert "without it" in stage.client.get("/").text
    (tmp_path / "half-built.js").write_text("")
    assert "without it" in Stage(console=tmp_path).client.get("/").text
