"""Every regular expression of the services against texts made from its own parts: none takes more than linear time."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined] # the standard library's own parser of patterns
from typing import Any

import pytest

import services
from tests.growth import MOST_GROWTH, growth, processor_seconds

ROOT = Path(services.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "cli")
"""All but the command line, which reads what its own user types."""

LENGTH = 3_000
MOST_PARTS = 16
SUSPICIOUS = 0.001
"""Seconds of the processor for a text of that length; what takes less is not measured further."""

METHODS = {"match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def uses() -> dict[str, set[str]]:
    """The methods that are called on each name, anywhere in the services."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
                found[node.value.id].add(node.attr)
    return found


def patterns() -> Iterator[tuple[str, re.Pattern[Any], str]]:
    """Each pattern that a module holds by name, with each method that is called on it."""
    for path in MODULES:
        if "re.compile" not in path.read_text():
            continue
        module, tree = importlib.import_module(module_name(path)), ast.parse(path.read_text())
        assigned = {target.id for node in tree.body for target in ast.walk(node) if isinstance(target, ast.Name)}
        for name in sorted(assigned & vars(module).keys()):
            for pattern in _patterns_in(vars(module)[name]):
                for method in sorted(uses().get(name) or {"search", "sub"}):
                    yield f"{path.relative_to(ROOT)} {name}", pattern, method


def _patterns_in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | dict):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _patterns_in(member)


CASES = {f"{name} {method} {pattern.pattern!r:.60}": (pattern, method) for name, pattern, method in patterns()}


def parts_of(parsed: Any) -> Iterator[str]:
    """The literal texts of a pattern, and a character of each class and one that is not in it."""
    literal = ""
    for operator, argument in parsed:
        if operator is parser.LITERAL:
            literal += chr(argument)
            continue
        if literal:
            yield literal
        literal = ""
        yield from _parts_of_operation(operator, argument)
    if literal:
        yield literal


def _parts_of_operation(operator: Any, argument: Any) -> Iterator[str]:
    if operator is parser.IN:
        one = re.compile(f"[{''.join(map(re.escape, _members(argument)))}]")
        members = [char for char in map(chr, range(256)) if one.match(char)]
        yield from (members[:1] + members[-1:])
    elif operator in (parser.NOT_LITERAL, parser.ANY):
        yield "~"
    for nested in argument if isinstance(argument, tuple | list) else (argument,):
        if isinstance(nested, parser.SubPattern):
            yield from parts_of(nested)
        elif isinstance(nested, list):
            for alternative in nested:
                if isinstance(alternative, parser.SubPattern):
                    yield from parts_of(alternative)


def _members(argument: Any) -> Iterator[str]:
    """Some characters that a class names, whether it holds them or everything else."""
    categories = {parser.CATEGORY_SPACE: " ", parser.CATEGORY_DIGIT: "1", parser.CATEGORY_WORD: "a"}
    for operator, value in argument:
        if operator is parser.LITERAL:
            yield chr(value)
        elif operator is parser.RANGE:
            yield chr(value[0])
        elif operator is parser.CATEGORY:
            yield categories.get(value, "~")


def hostile(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """What to begin with, what to repeat, and what to end with."""
    parts = list(dict.fromkeys(["a", " ", *parts_of(parser.parse(pattern.pattern))]))[:MOST_PARTS]
    repeated = [*parts, *map("".join, product(parts, repeat=2))]
    return product(("", *parts), dict.fromkeys(repeated), ("", "\x00"))


def running(pattern: re.Pattern[Any], method: str) -> Callable[[Any], Any]:
    if method in ("sub", "subn"):
        return lambda text: getattr(pattern, method)(text[:0], text)
    if method == "finditer":
        return lambda text: list(pattern.finditer(text))
    return lambda text: getattr(pattern, method)(text)


@pytest.mark.parametrize("case", CASES)
def test_a_pattern_takes_linear_time(case: str) -> None:
    pattern, method = CASES[case]
    run = running(pattern, method)

    def text(begin: str, repeated: str, end: str, length: int) -> Any:
        made = begin + repeated * (length // len(repeated)) + end
        return made.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else made

    for begin, repeated, end in hostile(pattern):
        if processor_seconds(run, text(begin, repeated, end, LENGTH)) > SUSPICIOUS:
            grown = growth(run, lambda length: text(begin, repeated, end, length), LENGTH)  # noqa: B023
            assert grown < MOST_GROWTH, f"{begin!r} + {repeated!r} * n + {end!r} grows {grown:.1f} times"


def test_every_pattern_is_found_here() -> None:
    """One that a function compiles or states where it is used would go untested."""
    elsewhere = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in MODULES
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.")
    ]
    assert elsewhere == []
