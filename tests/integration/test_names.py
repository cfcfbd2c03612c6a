"""Nobody can look like another: operators who are added, renamed or migrated."""

import eventlet
import pytest

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.contracts.tokens import new_token, token_hash
from services.info import look_alikes, operators, sessions
from services.info.migrate import migrate
from services.info.operators import OperatorError
from services.runtime.postgres.database import Pool
from services.users.directory import check_name
from tests.office import IDLE_SECONDS, Office, code_of
from tests.waiting import PATIENCE, eventually

LOOK_LIKE_BOB = ["Bob", "BOB", "b0b", "\N{CYRILLIC CAPITAL LETTER VE}ob", "B\N{CYRILLIC SMALL LETTER O}b"]


@pytest.mark.parametrize("name", LOOK_LIKE_BOB)
def test_nobody_is_added_who_looks_like_another(office: Office, name: str) -> None:
    new = {"name": name, "role": "Service", "token_hash": token_hash(new_token())}
    outcome = office.do("alice", "add_operator", new)
    assert outcome["error"]
    assert (code_of(outcome), outcome["error"]["params"]) == ("operator_exists", {"name": "bob"})
    with pytest.raises(OperatorError), office.pool.transaction() as tx:
        operators.add(tx, name, Role.SERVICE, 1, "the tests")


def test_a_look_that_is_another_name_in_other_letter_case_is_refused(office: Office) -> None:
    with office.pool.transaction() as tx:
        operators.add(tx, "ALINA", Role.SERVICE, 1, "the tests")
    with pytest.raises(OperatorError, match="looks like"), office.pool.transaction() as tx:
        operators.add(tx, "aIina", Role.SERVICE, 1, "the tests")


@pytest.mark.parametrize("name", ["Bob\u200b", " Bob", "Bob  B", "B\u00a0B", "\ufeffBob", "B\nb", "", "x" * 201])
def test_the_command_line_gives_no_name_that_a_task_could_not(office: Office, name: str) -> None:
    with pytest.raises(OperatorError), office.pool.transaction() as tx:
        operators.add(tx, name, Role.SERVICE, 1, "the tests")


@pytest.mark.parametrize(
    "names",
    [
        ["Frank", "frank", "FRANK", "Fr\N{CYRILLIC SMALL LETTER A}nk", "\N{FULLWIDTH LATIN CAPITAL LETTER F}rank"],
        ["ERIN", "erIn", "ERlN", "erin", "eriN"],
    ],
)
def test_of_several_who_look_alike_and_are_added_at_once_one_comes_in(office: Office, names: list[str]) -> None:
    def add(name: str) -> object:
        with office.pool.transaction() as tx:
            return operators.add(tx, name, Role.SERVICE, 1, "the tests")

    def attempt(name: str) -> bool:
        try:
            return bool(add(name))
        except OperatorError:
            return False

    with eventlet.Timeout(PATIENCE):
        assert sorted(eventlet.GreenPool().imap(attempt, names)) == [False] * 4 + [True]


def test_an_operator_is_renamed_and_logs_in_by_the_new_name(office: Office) -> None:
    with office.pool.transaction() as tx:
        operators.rename(tx, office.ids["bob"], "Robert", "the tests")
    with office.pool.transaction() as tx, pytest.raises(OperatorError, match="looks like"):
        operators.rename(tx, office.ids["bob"], "Caro1", "the tests")
    assert office.value("SELECT event FROM audit WHERE actor = 'the tests' ORDER BY id DESC LIMIT 1") == "renamed"
    with office.pool.transaction() as tx:
        operators.add(tx, "bob", Role.SERVICE, 1, "the tests")


def test_a_login_takes_a_name_in_either_spelling(office: Office) -> None:
    with office.pool.transaction() as tx:
        token = operators.add(tx, "e\u0301ric", Role.SERVICE, 1, "the tests").token
    assert office.value("SELECT name FROM operator ORDER BY id DESC LIMIT 1") == "éric"
    for typed in ("éric", "e\u0301ric"):
        with office.pool.transaction() as tx:
            identity = sessions.identify(tx, token_hash(token), IDLE_SECONDS)
            assert check_name(identity, typed)["name"] == "éric"
            login = (new_task_id(), now_text(), IDLE_SECONDS)
            assert sessions.open_session(tx, token_hash(token), typed, *login)["identity"]["name"] == "éric"


def older(owner: Pool, name: str) -> int:
    """An operator as the release before added one."""
    with owner.transaction() as tx:
        sql = "INSERT INTO operator (name, role, token_hash) VALUES (%s, 'Admin', %s) RETURNING id"
        (row,) = tx.query(sql, (name, token_hash(new_token())))
    return int(row["id"])


def test_a_database_with_colliding_names_is_migrated_and_reported(office: Office, owner: Pool) -> None:
    twin, hidden, fine = older(owner, "BOB"), older(owner, "Zoe\u200b"), older(owner, "Grace")
    told: list[str] = []
    assert migrate(office.url, told.append) == []
    assert [line for line in told if line.startswith("Operator")] == [
        f"Operator {twin} (BOB) looks like operator {office.ids['bob']} (bob). "
        f"Rename one of them: backoffice operator rename {twin} NAME",
        f"Operator {hidden} (Zoe\u200b) has a name with hidden characters or spaces. "
        f"Rename them: backoffice operator rename {hidden} NAME",
    ]
    assert [row["id"] for row in office.query("SELECT id FROM operator WHERE name_key IS NULL")] == [twin]
    with office.pool.transaction() as tx:
        operators.rename(tx, twin, "Robert", "the tests")
        operators.rename(tx, hidden, "Zoe", "the tests")
    told.clear()
    migrate(office.url, told.append)
    assert told == []
    assert office.query("SELECT id FROM operator WHERE name_key IS NULL") == []
    assert fine


def test_keys_that_were_computed_otherwise_are_computed_again(office: Office, owner: Pool) -> None:
    with owner.transaction() as tx:
        tx.execute("UPDATE operator SET name_key = NULL WHERE name = 'bob'")
        tx.execute("UPDATE operator SET name_key = 'bob' WHERE name = 'alice'")
    migrate(office.url)
    assert office.value("SELECT name_key FROM operator WHERE name = 'alice'") == "alice"


def test_an_operator_who_is_renamed_while_keys_are_computed_keeps_those_of_the_new_name(
    office: Office, owner: Pool
) -> None:
    unkeyed = older(owner, "Grace")
    with office.pool.transaction() as tx, eventlet.Timeout(PATIENCE):
        operators.rename(tx, unkeyed, "Heidi", "the tests")
        keying = eventlet.spawn(office.pool.run, look_alikes.key_new)
        eventually(office.somebody_waits)
    keying.wait()
    assert office.value("SELECT name_key FROM operator WHERE id = %s", unkeyed) == "heidi"


def test_whom_the_release_before_adds_is_given_keys(office: Office, owner: Pool) -> None:
    twin, fine = older(owner, "BOB"), older(owner, "Grace")
    assert [alike.id for alike in office.pool.run(look_alikes.key_new)] == [twin]
    keyed = office.query("SELECT id FROM operator WHERE name_key IS NOT NULL AND id IN (%s, %s)", twin, fine)
    assert keyed == [{"id": fine}]
