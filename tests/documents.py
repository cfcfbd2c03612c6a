"""Reading the project's Markdown documents, so that tests can hold them to what they say."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ADDING_AN_ACTION = ROOT / "docs" / "adding-an-action.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`]+)`")


def blocks(document: Path) -> list[tuple[str, str]]:
    """Its fenced blocks in order: the language and the text."""
    return _BLOCK.findall(document.read_text(encoding="utf-8"))


def section(document: Path, title: str) -> str:
    """What stands under a heading of the second level. Fails when there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document.read_text(encoding="utf-8"), re.M | re.S)
    assert found, f"{document.name} has no section {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The rows of the table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def links(document: Path) -> list[str]:
    """The files that it leads to."""
    targets = _LINK.findall(_BLOCK.sub("", document.read_text(encoding="utf-8")))
    return [target for target in targets if "://" not in target]


def code_spans(document: Path) -> list[str]:
    """What it sets as code within its sentences."""
    return _CODE.findall(_BLOCK.sub("", document.read_text(encoding="utf-8")))
