"""``backoffice up`` is killed: what it had accepted is done all the same, once."""

from pathlib import Path

import psycopg2

from services.cli.database import DATABASE
from services.runtime.postgres.embedded import running
from tests.client import Client
from tests.integration.test_up import Machine, end
from tests.ledger import violations

TASKS = 5


def test_what_was_accepted_when_the_process_was_killed_is_done_once_after_the_next_start(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    process, _ = machine.up()
    token = machine.run("operator", "add", "Alice", "--role", "Admin").stdout.strip()
    alice = Client(machine.url, token)
    assert alice.login("Alice")["status"] == "succeeded"
    with running(machine.folder) as server:
        connection = psycopg2.connect(server.url(DATABASE))
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE customer IN EXCLUSIVE MODE")
        answers = [alice.submit("create_customer", {"name": f"Ada {number}"}) for number in range(TASKS)]
        assert [answer["http"] for answer in answers] == [202] * TASKS
        process.kill()
        process.communicate()
        connection.close()

        process, _ = machine.up()
        finished = [alice.task(answer["task"]["id"], wait=20) for answer in answers]
        assert [task["status"] for task in finished] == ["succeeded"] * TASKS
        assert violations(server.url(DATABASE)) == {}
        assert end(process) == 0
