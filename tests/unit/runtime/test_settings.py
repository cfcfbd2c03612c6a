"""Settings are read from the environment, and refused with a sentence that helps."""

from dataclasses import fields
from pathlib import Path

import pytest

from services.runtime.settings import Settings, SettingsError, describe


def test_without_an_environment_the_defaults_hold() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().embedded_broker


def test_a_setting_comes_from_the_variable_of_its_name() -> None:
    settings = Settings.from_environment(
        {
            "AMQP_URI": "amqp://broker//",
            "DATABASE_URL": "postgresql:///backoffice",
            "HTTP_PORT": "0",
            "ALLOWED_ORIGINS": "https://a.example, https://b.example,",
            "DB_TASKS_ADMIN": "sync",
            "DRAIN_SECONDS": "1.5",
            "DATA_DIR": "/somewhere",
        }
    )

    assert not settings.embedded_broker
    assert settings.http_port == 0
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.db_tasks_admin == "sync"
    assert settings.drain_seconds == 1.5
    assert settings.data_dir == "/somewhere"


def test_what_the_caller_states_wins() -> None:
    assert Settings.from_environment({"HTTP_PORT": "5"}, http_port=6).http_port == 6


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "uri"
    secret.write_text("amqp://tasks:password@broker/backoffice\n")

    settings = Settings.from_environment({"AMQP_URI_FILE": str(secret), "HTTP_PORT_FILE": str(secret)})

    assert settings.amqp_uri == "amqp://tasks:password@broker/backoffice"
    assert settings.http_port == 5000


def test_a_secret_that_is_told_twice_or_cannot_be_read_is_refused_by_its_variable(tmp_path: Path) -> None:
    secret = tmp_path / "uri"
    secret.write_text("password")

    with pytest.raises(SettingsError, match="Set AMQP_URI or AMQP_URI_FILE, not both"):
        Settings.from_environment({"AMQP_URI": "amqp://broker//", "AMQP_URI_FILE": str(secret)})
    with pytest.raises(SettingsError, match=r"DATABASE_URL_FILE names .*missing, which cannot be read"):
        Settings.from_environment({"DATABASE_URL_FILE": str(tmp_path / "missing")})
    with pytest.raises(SettingsError, match="not what is set"):
        Settings.from_environment({"AMQP_URI_FILE": str(secret)})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HTTP_PORT", "70000", "HTTP_PORT must be a whole number from 0 to 65535, not '70000'."),
        ("HTTP_PORT", "-1", "HTTP_PORT must be a whole number from 0 to 65535, not '-1'."),
        ("HTTP_PORT", "٣", "HTTP_PORT must be a whole number from 0 to 65535, not '٣'."),
        ("HTTP_PORT", "", "HTTP_PORT must be a whole number from 0 to 65535, not ''."),
        ("RPC_SECONDS", "soon", "RPC_SECONDS must be seconds from 0.1 to 60, not 'soon'."),
        ("RPC_SECONDS", "nan", "RPC_SECONDS must be seconds from 0.1 to 60, not 'nan'."),
        ("RPC_SECONDS", "61", "RPC_SECONDS must be seconds from 0.1 to 60, not '61'."),
        ("DB_TASKS_SERVICE", "maybe", "DB_TASKS_SERVICE must be one of async, sync, not 'maybe'."),
        ("LOG_LEVEL", "info", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'info'."),
    ],
)
def test_a_wrong_value_is_refused_with_the_variable_the_value_and_what_would_be_right(
    variable: str, value: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({variable: value})

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("variable", "schemes"),
    [("AMQP_URI", "amqp:// or amqps:// or pyamqp://"), ("DATABASE_URL", "postgresql:// or postgres://")],
)
def test_a_refused_url_is_not_repeated_since_it_may_hold_a_password(variable: str, schemes: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({variable: "mysql://me:hunter2@db/x"})

    assert str(refusal.value) == f"{variable} must be a URL that starts with {schemes}, not what is set."


def test_every_setting_is_described_with_its_default() -> None:
    described = describe()

    assert [name for name, _, _ in described] == [setting.name.upper() for setting in fields(Settings)]
    assert ("HTTP_PORT", "5000", "The port that the gateway listens on.") in described
    assert all(meaning.endswith(".") for _, _, meaning in described)


def test_every_default_is_what_its_own_reader_reads() -> None:
    environment = {name: default for name, default, _ in describe()}

    assert Settings.from_environment(environment) == Settings()
