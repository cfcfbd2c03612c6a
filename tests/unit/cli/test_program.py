"""The command as a whole: its help helps, its failures are one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from services.cli import output
from services.cli.access import local_url
from services.cli.program import COMMANDS, backoffice


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(backoffice, arguments, env=environment, prog_name="backoffice")


def commands() -> list[tuple[str, ...]]:
    """Every command and, of groups, every command below it."""
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = backoffice.get_command(click.Context(backoffice), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.commands]
    return found


@pytest.mark.parametrize("names", commands(), ids=" ".join)
def test_every_command_says_what_it_does(names: tuple[str, ...]) -> None:
    result = run(*names, "--help")

    assert result.exit_code == 0
    assert f"Usage: backoffice {' '.join(names)}" in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    assert f"  backoffice {name}" in run(name, "--help").output.partition("Examples:")[2]


def test_a_wrong_setting_is_one_sentence_and_exit_code_2() -> None:
    result = run("migrate", HTTP_PORT="http")

    assert result.exit_code == 2
    assert result.stderr == "backoffice: HTTP_PORT must be a whole number from 0 to 65535, not 'http'.\n"


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password() -> None:
    result = run("operator", "list", DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/backoffice")

    assert result.exit_code == 1
    assert result.stderr.startswith("backoffice: The database cannot be used: ")
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.output


def test_a_database_without_its_tables_is_told_how_to_get_them(postgres: str) -> None:
    result = run("operator", "list", DATABASE_URL=postgres, DATABASE_ROLE="")

    assert result.exit_code == 1
    assert result.stderr == "backoffice: The database has not been migrated; run `backoffice migrate`.\n"


def test_a_subset_of_the_services_needs_a_broker() -> None:
    result = run("run", "users", AMQP_URI="")

    assert result.exit_code == 2
    assert "need AMQP_URI" in result.stderr


@pytest.mark.parametrize("service", ["users", "tasks"])
def test_services_that_need_no_database_driver_and_no_flask_import_none(service: str) -> None:
    program = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "import eventlet; eventlet.monkey_patch(psycopg=False)\n"
        "import services.cli.run\n"
        "from services.runtime import hosting\n"
        f"hosting._load(hosting.Service({service!r}))\n"
        "print([name for name in ('psycopg2', 'flask') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_nothing_is_imported_before_eventlet_has_patched() -> None:
    program = (
        "import sys, services.cli\n"
        "print([name for name in ('click', 'requests', 'logging', 'threading', 'socket') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_every_command_prints_through_the_module_that_escapes() -> None:
    modules = Path(output.__file__).parent.glob("*.py")
    printing = re.compile(r"\bclick\.s?echo|\bprint\(|\.write\(")
    assert sorted(module.name for module in modules if printing.search(module.read_text(encoding="utf-8"))) == [
        "database.py",  # writes a lock file
        "output.py",
    ]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:5000"),
        ("::1", "http://[::1]:5000"),
        ("::", "http://[::1]:5000"),
        ("localhost", "http://localhost:5000"),
    ],
)
def test_the_address_of_this_machine_is_a_url(host: str, url: str) -> None:
    assert local_url(host, 5000) == url
