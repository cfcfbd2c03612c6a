"""docs/operating.md names commands, services and files that exist, and what of it can be run here does what it says."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg2
import pytest

from services.cli.program import backoffice
from tests.deployment.rendering import SERVERS, Document, compose, kubectl, kustomize
from tests.deployment.test_database_roles import backoffice as run_backoffice
from tests.deployment.test_database_roles import server
from tests.deployment.workloads import of_kind
from tests.documents import blocks, code_spans
from tests.own_servers import OwnPostgres
from tests.stack import ROOT

PAGE = ROOT / "docs" / "operating.md"
LINES = [
    line.strip()
    for _, text in blocks(PAGE)
    for line in text.replace("\\\n", " ").splitlines()
    if line.strip() and not line.strip().startswith("#")
]
"""The lines of its blocks of commands."""

__all__ = ["server"]


def spoken_of() -> Iterator[list[str]]:
    """Every use of the ``backoffice`` command, in blocks and in sentences, without what stands before it."""
    for line in [*LINES, *code_spans(PAGE)]:
        if found := re.match(r"(?:.*exec (?:deploy/)?info (?:-- )?)?backoffice (.*)", line):
            yield [word for word in found[1].partition(" #")[0].split() if word != "…"]


def test_every_command_that_it_names_exists_with_its_options() -> None:
    named = list(spoken_of())

    assert len(named) >= 6
    for words in named:
        command: click.Command = backoffice
        for word in words:
            if isinstance(command, click.Group):
                found = command.get_command(click.Context(command), word)
                assert found is not None, words
                command = found
            elif word.startswith("--"):
                assert word in {option for each in command.params for option in each.opts}, words


def test_every_service_of_compose_that_it_names_exists() -> None:
    named = re.findall(r"docker compose (?:exec|run)(?: -T| --rm| --entrypoint \w+)* ([\w-]+)", PAGE.read_text())

    assert {"info", "postgres", "rabbitmq", "secrets", "migrate"} <= set(named)
    assert set(named) <= set(compose()["services"])


def test_every_resource_of_the_cluster_that_it_names_exists(rendered: dict[str, list[Document]]) -> None:
    kinds = {"deploy": "Deployment", "deployment": "Deployment", "job": "Job"}
    named = set(re.findall(r"\b(deploy|deployment|job)/([a-z]+)\b(?!\w*/)", PAGE.read_text()))

    asked = {(kinds[kind], name) for kind, name in named if not (ROOT / "deploy" / name).exists()}
    assert ("Job", "migrate") in asked
    for kind, name in asked - {("Deployment", "make")}:
        assert name in of_kind(rendered["production"], kind)


def test_the_credentials_are_made_as_written_and_the_overlays_rendered(tmp_path: Path) -> None:
    if kubectl() is None:
        pytest.skip("no kubectl with kustomize 5 or later is installed (scripts/ci-tools gets one)")
    for part in ("k8s", "deploy"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("secrets"))
    makers = [line for line in LINES if line.startswith("deploy/make_secrets.py")]

    for line in makers:
        subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True, timeout=60)

    assert len(makers) == 3
    for line in [line for line in LINES if line.startswith("kubectl apply -k")]:
        assert kustomize(tmp_path / line.split()[3]).returncode == 0
    for line in makers:
        _, folder, *options = shlex.split(line)
        assert tuple(options) == SERVERS[Path(folder).parent.name]


def test_what_was_backed_up_is_restored_and_the_audit_holds(
    server: tuple[OwnPostgres, Path],
    tmp_path: Path,
) -> None:
    """The commands as written, but for how PostgreSQL is reached."""
    postgres, folder = server
    assert run_backoffice(folder, "migrate", "migrate", "--demo").returncode == 0
    run_backoffice(folder, "info", "operator", "rotate", "Bob")
    page = PAGE.read_text().replace("\n", " ")
    back_up, restore = (
        re.findall(rf"docker compose exec(?: -T)? postgres ({program} [^`]*?backoffice\.dump)", page)[0]
        for program in ("pg_dump", "pg_restore")
    )

    as_written(postgres, tmp_path, back_up)
    run_backoffice(folder, "info", "operator", "add", "Zoe", "--role", "Admin")
    as_written(postgres, tmp_path, restore)

    listed = run_backoffice(folder, "info", "operator", "list").stdout
    assert "Alice" in listed
    assert "Zoe" not in listed
    assert run_backoffice(folder, "migrate", "migrate").stdout == "The database is up to date.\n"
    assert run_backoffice(folder, "info", "audit", "verify").returncode == 0
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        psycopg2.connect((folder / "info" / "database_url").read_text()).cursor().execute("DELETE FROM audit")


def as_written(postgres: OwnPostgres, folder: Path, command: str) -> None:
    """Run it beside the server."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    reached = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command.replace("-U postgres", f"-U {postgres.user}")],
        cwd=folder,
        env=os.environ | reached,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
