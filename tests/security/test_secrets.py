"""Nothing secret is in anything that the system puts out, and nobody writes lines of their own into a log."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import requests

from tests.client import Client
from tests.security.frames import TEXT, RawSocket
from tests.security.staffed import DATABASE_PASSWORD, STAFF, Staffed

MARK = "forged-line"

INJECTIONS = (
    f'\n{{"level": "CRITICAL", "message": "{MARK}"}}\n',
    f"\r\nCRITICAL {MARK}\r\n",
    f"\x1b[2J\x1b[31m{MARK}\x07",
    f"\N{LINE SEPARATOR}{MARK}\N{NEXT LINE}{MARK}",
)


def use(system: Staffed) -> list[str]:
    """Everything that a day may bring, and tokens where they do not belong; the texts that clients were answered."""
    answers = []
    for name, (role, _) in STAFF.items():
        client, token = system.client(name), system.tokens[name]
        live = client.live()
        answers.append(json.dumps(live.ready))
        answers.append(json.dumps(client.login(name)))
        answers.append(
            json.dumps(client.run("get_customer", {"id": system.customer()}, Idempotency_Key=f"once-{name}"))
        )
        if role == "Admin":
            system.create_item(name, "transfer", 1)
        # A token as a name, an action, a key, a path, a parameter, an id, a text and in a body that cannot be read.
        answers += [
            json.dumps(client.submit("login", {"name": token})),
            client.post(f'{{"token":"{token}","task":'.encode()).text,
            client.post({"token": token, "task": {"action": "get_customer", "data": {"id": "x"}}}).text,
            client.http.get(f"{client.base}/api/v1/tasks?limit=x", headers=bearer(token), timeout=20).text,
            client.http.get(f"{client.base}/api/v1/tasks/x", headers=bearer(token), timeout=20).text,
            client.http.get(f"{client.base}/api/v1/tasks", headers=bearer(token + "x"), timeout=20).text,
        ]
        raw = RawSocket(system.stack.url)
        raw.send(TEXT, json.dumps({"token": token, "since": 7}).encode())
        raw.closed_with()
        live.close()
    for gateway in system.stack.gateways:
        for path in ("/metrics", "/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/errors"):
            answers.append(requests.get(gateway + path, timeout=20).text)
    return answers


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def secrets_of(system: Staffed) -> dict[str, str]:
    """Whatever must not be seen, by what it is."""
    found = {f"token-of-{name}-for-the-tests": token for name, token in system.tokens.items()}
    found |= {f"session of {name}": system.session_of(name) for name in STAFF}
    found |= {f"broker password of {user}": password for user, password in system.broker.passwords.items()}
    with system.transaction() as tx:
        hashes = {f"token hash of {row['name']}": row["token_hash"] for row in tx.query("SELECT * FROM operator")}
    return found | hashes | {"database password": DATABASE_PASSWORD}


def outputs(system: Staffed) -> Iterator[tuple[str, str]]:
    """The log of every process, and what the process list shows of it and of its threads and children."""
    for name, process in system.stack.processes.items():
        yield f"log of {name}", process.log.read_text()
        for each in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
            yield f"command line of {name}", " ".join(each.cmdline())
            yield f"title of {name}", Path(f"/proc/{each.pid}/comm").read_text()


def test_no_secret_is_in_a_log_an_answer_a_metric_or_the_process_list(system: Staffed) -> None:
    answers = [("an answer", text) for text in use(system)]
    leaks = [
        f"{what} in {where}"
        for where, text in (*answers, *outputs(system))
        for what, secret in secrets_of(system).items()
        if secret in text or quote(secret, safe="") in text
    ]
    assert leaks == []


def test_the_search_for_secrets_sees_what_is_there(system: Staffed) -> None:
    """Logs are searched while they say something, and the things to be found are not empty."""
    use(system)
    assert all(len(secret) >= 16 for secret in secrets_of(system).values())
    texts = dict(outputs(system))
    assert all(f"log of {name}" in texts and texts[f"log of {name}"] for name in system.stack.processes)
    assert any("logged in" in text for text in texts.values())


def test_the_environment_of_a_process_holds_the_secrets_of_its_service_alone(system: Staffed) -> None:
    for name, process in system.stack.processes.items():
        environment = " ".join(psutil.Process(process.pid).environ().values())
        service = name.partition("-")[0]
        assert (DATABASE_PASSWORD in environment) == (service == "info"), name
        others = {user: word for user, word in system.broker.passwords.items() if user != service}
        assert [user for user, word in others.items() if word in environment] == []


def test_no_line_of_a_log_is_anothers_than_the_services_own(system: Staffed) -> None:
    for text in INJECTIONS:
        client = Client(system.stack.url, system.tokens["Alice"])
        client.submit("login", {"name": text})
        client.run("create_customer", {"name": text})
        client.submit(text, {})
        client.http.get(f"{client.base}/{quote(text)}", timeout=20)
        client.http.request("PUT", f"{client.base}/{quote(text)}", timeout=20)
        client.http.get(f"{client.base}/api/v1/tasks?limit={quote(text)}", headers=bearer(client.token), timeout=20)
        raw = RawSocket(system.stack.url)
        raw.send(TEXT, json.dumps({"token": text, "since": text}).encode())
        raw.closed_with()
    for process in system.stack.processes.values():
        for line in process.log.read_text().split("\n"):
            if line.startswith("{"):
                entry = json.loads(line)
                assert entry.get("message") != MARK
                assert {"ts", "level", "logger", "message"} <= set(entry), line
            assert "\x1b" not in line
            assert not line.startswith(("CRITICAL", MARK))
