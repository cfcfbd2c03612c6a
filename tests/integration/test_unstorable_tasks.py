"""A task that the database cannot store, whatever the reason, is set aside: once, and without its neighbours."""

import base64
import json

import pytest
from psycopg2 import sql

from services.contracts.errors import Code
from services.contracts.events import OPERATIONS_REQUESTED
from services.tasks import dead_letters as judgements
from tests import parts
from tests.integration.loop import Loop
from tests.waiting import eventually

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW)::text LIKE {pattern} THEN
        RAISE EXCEPTION 'it has no equivalent in encoding "LATIN1"' USING ERRCODE = {state};
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON task FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse BEFORE INSERT ON dead_letter FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize("state", ["22P05", "22021", "54000"])
def test_it_ends_and_is_kept_in_a_form_that_can_be_stored(
    loop: Loop, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the encoding cannot represent a character: nothing that holds it can be written, its record neither."""
    monkeypatch.setattr(judgements, "BURIAL_PAUSE", 0.2)
    refuse = sql.SQL(REFUSE).format(pattern=sql.Literal("%李%"), state=sql.Literal(state))
    parts.run_sql(loop.office.url, refuse)
    names = ("Ada", "李", "Grace")
    tasks = [loop.office.task("alice", "create_customer", {"name": name}) for name in names]
    loop.start_all()
    for task in tasks:
        body = json.dumps({"version": 1, "operations": [{"task": task}]}, ensure_ascii=False)
        loop.publish(OPERATIONS_REQUESTED, body.encode())
    outcomes = loop.outcomes(*tasks)
    assert [outcome["status"] for outcome in outcomes] == ["succeeded", "failed", "succeeded"]
    assert outcomes[1]["error"]["code"] == Code.INTERNAL_ERROR
    eventually(lambda: loop.kept() and loop.is_idle(), pause=0.1)
    (letter,) = loop.kept()
    assert (letter["queue"], letter["task_id"]) == (OPERATIONS_REQUESTED.queue, tasks[1]["id"])
    assert letter["encoding"] == "base64"
    assert json.loads(base64.b64decode(letter["body"]))["operations"] == [{"task": tasks[1]}]


def test_a_reason_that_is_no_text_is_kept_all_the_same(loop: Loop) -> None:
    letter = {"queue": "q\ud800", "reason": "because \ud800\0", "body": "\ud800", "encoding": "utf-8"}
    list(loop.office.executor().run([{"task": None, "dead_letter": letter}]))  # type: ignore[typeddict-item]
    (kept,) = loop.kept()
    assert kept["reason"] == "because \\ud800?"
