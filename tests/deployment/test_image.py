"""What is in the image, and what is not."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment.container import Container
from tests.deployment.image_builder import Image
from tests.stack import ROOT

MEBIBYTE = 1 << 20

pytestmark = pytest.mark.timeout(900)  # the first of these builds the image
COMPILERS = {"gcc", "cc", "g++", "c++", "cpp", "ld", "as", "make", "cmake"}
FETCHERS = {"git", "curl", "wget", "npm", "node", "pip", "pip3", "pip3.11"}
INSTALLERS = ("pip", "setuptools", "wheel", "ensurepip")


def files(tree: Path) -> Iterator[Path]:
    """Every file of the image, as a path in it."""
    for top in ("bin", "etc", "home", "opt", "root", "sbin", "srv", "tmp", "usr", "var", "source"):
        if not (tree / top).is_symlink():
            yield from (path.relative_to(tree) for path in (tree / top).rglob("*"))


def test_it_holds_no_compiler_no_installer_and_no_tool_to_fetch_more(image: Image) -> None:
    found = list(files(image.tree))

    assert not {path for path in found if path.parent.name in ("bin", "sbin") and path.name in COMPILERS | FETCHERS}
    assert not {path for path in found if path.name in INSTALLERS}


def test_it_holds_the_product_and_no_more_of_this_repository(image: Image) -> None:
    found = list(files(image.tree))
    product = image.tree / "opt/backoffice/lib/python3.11/site-packages/services"

    for part in ("contracts/locales", "info/migrations", "gateway/app.py", "gateway/console/dist/index.html"):
        assert (product / part).exists()
    assert len(list(product.rglob("*.sql"))) == len(list((ROOT / "services").rglob("*.sql")))
    ours = {path for path in found if path.parts[0] in ("source", "opt")}
    assert {path.parts[:2] for path in ours} == {("opt", "backoffice")}
    assert {path.name for path in (product / "gateway/console").iterdir()} == {"dist"}
    assert not [name for name in ("tests", "bench", "scripts", "docs", "deploy") if (product.parent / name).exists()]
    assert not {path for path in ours if path.name in (".git", "secrets", "Dockerfile", "embedded_postgres")}


def test_it_holds_no_secret_and_no_trace_of_where_it_was_built(image: Image) -> None:
    assert not [path for path in files(image.tree) if path.suffix in (".key", ".p12", ".pfx") or path.name == ".env"]
    told = " ".join([*image.environment, *image.environment.values(), *image.history]).lower()
    assert not [word for word in ("password", "secret", "token", "index-url", "find-links", "/wheels") if word in told]
    assert not (image.tree / "etc/pip.conf").exists() or (image.tree / "etc/pip.conf").read_text() == ""


def test_it_is_small(image: Image) -> None:
    product = sum(path.stat().st_size for path in (image.tree / "opt").rglob("*") if path.is_file())

    assert product < 130 * MEBIBYTE
    assert image.bytes < 350 * MEBIBYTE


def test_it_runs_as_a_user_who_owns_nothing_and_can_become_nobody(image: Image) -> None:
    user, _, group = image.configuration["User"].partition(":")

    assert int(user) >= 10_000
    assert int(group) >= 10_000
    for path in (image.tree / "opt").rglob("*"):
        state = path.lstat()
        assert state.st_uid == 0
        assert path.is_symlink() or not state.st_mode & (stat.S_IWOTH | stat.S_IWGRP | stat.S_ISUID | stat.S_ISGID)


def test_it_says_what_it_is_and_how_it_is(image: Image) -> None:
    labels = image.configuration["Labels"]

    assert labels["org.opencontainers.image.title"] == "Backoffice"
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert image.configuration["Healthcheck"]["Test"][0] == "CMD"
    assert set(image.configuration["ExposedPorts"]) == {"5000/tcp", "9000/tcp"}


def test_it_writes_nowhere(image: Image) -> None:
    attempt = "import pathlib, sys\nfor folder in ('/', '/opt/backoffice', '/etc', '/var', '/home', '/tmp'):\n"
    attempt += "    try: pathlib.Path(folder, 'written').touch()\n    except OSError as error: print(error.errno)\n"
    attempt += "    else: sys.exit(folder)"
    container = Container("writer", image, [], image.configuration["User"], image.environment)

    done = container.run("python3.11", "-c", attempt)

    assert (done.returncode, done.stdout.split()) == (0, ["30"] * 6), done.stderr


@pytest.mark.parametrize("command", [["--version"], ["--help"], ["settings"], ["openapi"], ["broker", "definitions"]])
def test_its_commands_need_nothing_that_was_left_out(image: Image, command: list[str]) -> None:
    container = Container("command", image, [], image.configuration["User"], image.environment)

    done = container.run(*image.entrypoint, *command, *(["--without-passwords"] if command[0] == "broker" else []))

    assert done.returncode == 0, done.stderr
