"""The README names what there is: every action, command and dependency; and no document leads nowhere."""

import re
import tomllib
from pathlib import Path

import pytest

import services.contracts.actions  # noqa: F401 - declares them
from services.cli.program import COMMANDS
from services.contracts.action import ACTIONS, Action
from services.contracts.operators import Role
from tests.documents import README, ROOT, code_spans, links, rows, section

PAGES = sorted(
    [
        README,
        ROOT / "ARCHITECTURE.md",
        ROOT / "CHANGELOG.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("services/*/README.md"),
    ]
)

FOLDERS = ("services", "tests", "docs", "bench", "scripts", "deploy")
FILES = [f"/{path.relative_to(ROOT)}" for top in FOLDERS for path in (ROOT / top).rglob("*.*")] + [
    f"/{path.name}" for path in ROOT.iterdir()
]
FILE_NAME = re.compile(r"\w[\w./-]*\.(py|md|json|sql|po|toml|txt|lock|sh)")


def row_of(action: type[Action]) -> list[str]:
    """How the README shows an action."""
    who = "all" if action.roles == frozenset(Role) else ", ".join(role for role in Role if role in action.roles)
    members = action.Data.model_fields.items()
    data = ", ".join(f"`{name}`" if member.is_required() else f"(`{name}`)" for name, member in members)
    return [f"`{action.name}`", who, data, action.help()]


def dependencies() -> list[str]:
    """The name of every dependency of pyproject.toml, those of the developers included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0] for requirement in stated]


def test_the_table_of_actions_is_that_of_the_declarations() -> None:
    assert rows(section(README, "Actions")) == [row_of(action) for action in ACTIONS.values()]


def test_every_command_is_in_the_table_of_commands() -> None:
    assert [row[0].strip("`") for row in rows(section(README, "The command line"))] == list(COMMANDS)


def test_every_dependency_is_given_its_reason() -> None:
    explained = rows(section(README, "Why each dependency is there"))

    assert sorted(row[0] for row in explained) == sorted(dependencies())
    assert all(row[1] for row in explained)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = {span for span in code_spans(page) if FILE_NAME.fullmatch(span)}

    assert sorted(name for name in named if not any(path.endswith(f"/{name}") for path in FILES)) == []


@pytest.mark.parametrize("service", ["gateway", "users", "tasks", "info", "runtime", "contracts"])
def test_every_package_has_a_page_that_names_the_file_to_open_first(service: str) -> None:
    assert "open first" in (ROOT / "services" / service / "README.md").read_text().lower()


def test_every_target_that_a_page_tells_to_make_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    told = {word for page in PAGES for span in code_spans(page) for word in re.findall(r"^make ([a-z]+)$", span)}

    assert {"up", "test"} <= told <= targets
