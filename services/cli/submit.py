"""``backoffice submit``: a task, and its outcome."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

import services.contracts.actions  # noqa: F401 -- declares them
from services.cli import output
from services.cli.access import access_options, log_in, server_url, token_or_ask
from services.cli.api import Api, Problem, Unknown
from services.cli.program import Fault, Misuse, examples
from services.cli.shown import sentence_of, shown_task
from services.contracts.action import ACTIONS, Action
from services.contracts.errors import Code
from services.contracts.languages import translate
from services.contracts.validation import Invalid, parse_data

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


@click.command(
    epilog=examples(
        "export BACKOFFICE_TOKEN=12qw BACKOFFICE_NAME=Alice",
        "backoffice submit create_transfer cid=1 amount=250.00 level=2",
        "backoffice submit get_task type=transfer --token 34er --name Bob",
        "backoffice submit create_customer name='Grace Hopper' --key import-17",
        "backoffice submit get_task type=transfer words=gbp,hopper levels=1,2",
        "backoffice submit list_tasks --json",
    )
)
@click.argument("action")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@access_options
@click.option("--wait/--no-wait", default=True, help="For the outcome. Default: wait.")
@click.option("--timeout", type=click.IntRange(1, 3600), default=30, show_default=True, help="Seconds to wait.")
@click.option("--key", help="Idempotency key: the same command with the same key takes effect once.")
@click.option("--json", "as_json", is_flag=True, help="Print the task as JSON.")
def submit(
    action: str,
    values: tuple[str, ...],
    token: str | None,
    name: str | None,
    url: str | None,
    language: str,
    cacert: str | None,
    wait: bool,
    timeout: int,
    key: str | None,
    as_json: bool,
) -> None:
    """Submit a task and print its outcome. `backoffice actions` lists what there is.

    The exit code tells the outcome: 0 when the task succeeded (or was accepted, with --no-wait), 1 when it failed or
    was refused, 2 when the command itself is wrong, 3 when the outcome is not known: the task may still take effect.
    """
    data = read_data(action, values)
    api = Api(server_url(url), token_or_ask(token), language, cacert)
    task = _submit(api, name, action, data, timeout if wait else 0, key)
    output.show_outcome(json.dumps(task, ensure_ascii=False) if as_json else shown_task(task))
    if task["status"] == "failed":
        raise Fault(sentence_of(task))
    if task["status"] == "accepted" and wait:
        raise Unknown(f"No outcome within {timeout} seconds; it will still come. The task is {task['id']}.")


def _submit(
    api: Api, name: str | None, action: str, data: Mapping[str, Any], wait: int, key: str | None
) -> dict[str, Any]:
    """Log in when it turns out to be needed."""
    try:
        return api.submit(action, data, wait, key)
    except Problem as problem:
        if problem.code != Code.LOGIN_REQUIRED or ACTIONS[action].session:
            raise
    log_in(api, name)
    return api.submit(action, data, wait, key)


def read_data(name: str, values: Sequence[str]) -> dict[str, Any]:
    """``key=value`` arguments as the action's data. Raises ``Misuse`` with every fault."""
    action = ACTIONS.get(name)
    if action is None:
        close = difflib.get_close_matches(name, ACTIONS, 1)
        hint = f" Do you mean {close[0]}?" if close else ""
        raise Misuse(f"There is no action {name}.{hint} `backoffice actions` lists them.")
    data: dict[str, Any] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or key in data:
            raise Misuse(f"{value!r} is not key=value, or comes twice. {_usage(action)}")
        data[key] = _value(_types(action, key), text)
    try:
        parse_data(action, data, name)
    except Invalid as error:
        faults = "".join(f"\n  {each.path} {translate(each.message, each.params, 'en')}" for each in error.faults)
        raise Misuse(f"{_usage(action)}{faults}") from None
    return data


def _usage(action: type[Action]) -> str:
    fields = action.Data.model_fields.items()
    words = [f"{name}=…" if field.is_required() else f"[{name}=…]" for name, field in fields]
    return " ".join(["It is", action.name, *words]) + "."


def _types(action: type[Action], key: str) -> set[str]:
    """The JSON types that a member may have."""
    schema = action.Data.model_json_schema().get("properties", {}).get(key, {})
    return {name for each in schema.get("anyOf", [schema]) for name in _type_names(each)}


def _type_names(schema: Mapping[str, Any]) -> list[str]:
    """The type, and for a list that of its entries too."""
    name = schema.get("type", "string")
    return [name, *_type_names(schema["items"])] if name == "array" else [name]


def _value(types: set[str], text: str) -> Any:
    """As the type says; what does not fit stays text, for the check to tell what is wrong with it."""
    if "array" in types:
        return [_value(types - {"array"}, part) for part in text.split(",")]
    if "boolean" in types:
        return _TRUTHS.get(text.lower(), text)
    if "integer" in types and re.fullmatch(r"-?[0-9]{1,30}", text):
        return int(text)
    return text
