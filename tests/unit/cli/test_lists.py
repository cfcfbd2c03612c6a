"""Lists of what there is, complete and in step with the documents."""

from click.testing import CliRunner

from services.cli.lists import actions, errors, settings, table
from services.contracts.action import ACTIONS
from services.contracts.errors import CATALOGUE
from services.runtime.settings import describe


def test_columns_are_as_wide_as_they_need_and_the_last_one_is_free() -> None:
    assert table(("a", "b", "c"), [("1", "long", "x"), ("22", "", "")]) == "a   b     c\n1   long  x\n22"


def test_every_action_is_listed_with_its_roles_and_data() -> None:
    lines = CliRunner().invoke(actions).output.splitlines()

    assert [line.split()[0] for line in lines[1:]] == list(ACTIONS)
    (transfer,) = [line for line in lines if line.startswith("create_transfer")]
    assert "Admin" in transfer
    assert transfer.endswith("  cid, amount, (currency), (level)")
    assert max(line.rindex("  ") for line in lines) < 140


def test_every_error_is_listed_with_number_status_and_message() -> None:
    output = CliRunner().invoke(errors).output

    assert len(output.splitlines()) == len(CATALOGUE) + 1
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert "level_too_low 4032 403 This item requires level {required}; yours is {yours}." in lines


def test_errors_are_listed_in_the_language_asked_for() -> None:
    output = CliRunner().invoke(errors, ["--language", "es"]).output

    assert "Este elemento requiere el nivel {required}" in output


def test_every_setting_is_listed() -> None:
    output = CliRunner().invoke(settings).output
    document = CliRunner().invoke(settings, ["--markdown"]).output

    assert [line.split()[0] for line in output.splitlines()[1:]] == [name for name, _, _ in describe()]
    assert "| `HTTP_PORT` | `5000` | The port that the gateway listens on. |" in document


def test_a_cell_of_a_table_stays_on_its_line() -> None:
    assert table(("name",), [("Evil\x1b[2J\nForged",)]) == "name\n" + r"Evil\u001b[2J\nForged"
