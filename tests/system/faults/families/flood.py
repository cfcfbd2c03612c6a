"""More work than can be done."""

import json
import subprocess
import sys
import time
from random import Random
from typing import Any
from urllib.parse import urlsplit

import eventlet

from tests.client import Client
from tests.stack import ROOT
from tests.system.faults.registry import fault
from tests.system.faults.site import FLOODING, Site
from tests.system.faults.usage import Usage, measure
from tests.waiting import eventually

CONNECTIONS = 96
BACK_SECONDS = 30.0


def log_in(site: Site) -> None:
    """So that a flood is let in."""
    for token in FLOODING:
        client = Client(site.stack.url, token)
        eventually(lambda: client.login(token.rpartition(" ")[2])["status"] == "succeeded", 60, 0.5)  # noqa: B023


def flood(site: Site, seconds: float, rate: float) -> dict[str, int]:
    """Submissions at both gateways for so long; how they were answered. Accepted ones are remembered by the site."""
    pumps = [
        eventlet.spawn(_pump, url, FLOODING[number], seconds, rate / len(site.stack.gateways))
        for number, url in enumerate(site.stack.gateways)
    ]
    answers: dict[str, int] = {}
    for each in pumps:
        result = each.wait()
        site.flooded += result["accepted"]
        for answer, count in result["answers"].items():
            answers[answer] = answers.get(answer, 0) + count
    return answers


def _pump(url: str, token: str, seconds: float, rate: float) -> Any:
    parts = urlsplit(url)
    plan = {
        "host": parts.hostname,
        "port": parts.port,
        "token": token,
        "connections": CONNECTIONS,
        "seconds": seconds,
        "rate": rate,
    }
    command = [sys.executable, "-m", "tests.system.faults.pump", json.dumps(plan)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise AssertionError(done.stderr[-500:])
    return json.loads(done.stdout)


def finished(site: Site) -> int:
    """Tasks that have an outcome."""
    with site.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM task WHERE status <> 'accepted'")
        return int((cursor.fetchone() or (0,))[0])


def capacity(site: Site, seconds: float) -> float:
    """Tasks a second that the system finishes when it is given as many as it answers."""
    before, began = finished(site), time.monotonic()
    flood(site, seconds, 0)
    return (finished(site) - before) / (time.monotonic() - began)


def come_back(site: Site, before: Usage, patience: float) -> tuple[float, Usage]:
    """Seconds until everything is as it was, and how it is then. Fails when it takes longer than ``patience``."""
    began = time.monotonic()
    after: list[Usage] = []

    def is_back() -> bool:
        after.append(measure(site, site.people[0]))
        return after[-1].back_to(before)

    try:
        eventually(is_back, patience, 1)
    except AssertionError:
        raise AssertionError(f"before: {before}; {patience:g} s after: {after[-1]}") from None
    return time.monotonic() - began, after[-1]


@fault(long=True)
def three_times_the_capacity(site: Site, chance: Random) -> None:
    """Three times what the system can do, for a minute; then memory, connections, queues and latency are as before."""
    log_in(site)
    before = measure(site, site.people[0])
    able = capacity(site, 8)
    answers = flood(site, 60, able * 3)
    try:
        seconds, after = come_back(site, before, BACK_SECONDS * site.patience)
        site.note(f"flood of {able * 3:.0f}/s: {answers}; before: {before}; {seconds:.0f} s after: {after}")
    except AssertionError as error:
        site.complain(f"a flood of {able * 3:.0f}/s ({answers}) left its marks: {error}")
