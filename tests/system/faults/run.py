"""A run: operators at work, faults that strike, and the ledger at the end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import eventlet

from services.info import operators
from tests.ledger import unfinished
from tests.system.faults.accounts import Buried, buried, found_violations
from tests.system.faults.ear import Ear
from tests.system.faults.person import Person
from tests.system.faults.plan import Strikes
from tests.system.faults.record import Record
from tests.system.faults.registry import Fault
from tests.system.faults.site import STAFF, Site
from tests.waiting import eventually

STRIKE_SECONDS = 150.0
SETTLE_SECONDS = 180.0
PAUSE_SECONDS = 1.5


@dataclass
class Result:
    """What came of a run.

    outcomes:   tasks by status, or by the code of their error
    faults:     how often each struck
    failed:     how often each could not, since another one was in its way
    violations: of the ledger; empty when all is well
    """

    seed: str
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    reconnections: int = 0
    early: int = 0
    short: int = 0
    notes: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


class Run:
    """The operators of a site at work under one seed."""

    def __init__(self, site: Site, seed: str) -> None:
        self._site = site
        self._record = Record()
        self._result = Result(seed)
        self._began = time.monotonic()
        gateways = site.stack.gateways
        self.people = [
            Person(name, token, gateways, seed, number, self._record)
            for number, (name, token) in enumerate(STAFF.items())
        ]
        site.people = self.people
        site.accepted = lambda: list(self._record.accepted)
        self._ears: list[Ear] = []
        self._buried: Buried | None = buried(site)

    def begin(self) -> None:
        """Log in, listen, and have one task done each, so that everybody knows where to go on from."""
        gateways = self._site.stack.gateways
        for person in self.people:
            eventually(person.log_in, 60, 0.5)
        for person in self.people:
            for leaves in (False, True):
                chance = Random(f"{self._result.seed} {person.name} listens {leaves}")
                self._ears.append(Ear(person.name, gateways, person.token, chance, self._record, leaves=leaves))
        eventually(lambda: all(ear.connected for ear in self._ears), 60, 0.1)
        for person in self.people:
            eventually(lambda: person.submit("get_customer", {"id": 1}).get("http") == 202, 30, 0.5)  # noqa: B023
        eventually(lambda: all(ear.heard for ear in self._ears), 60, 0.1)
        self._workers = [eventlet.spawn(person.work) for person in self.people]

    def strike(self, plan: Iterator[Strikes], until: Callable[[int], bool]) -> None:
        """Strike as planned until ``until`` (asked with the number of strikes so far) says that it is enough."""
        for number, together in enumerate(plan):
            if until(number):
                return
            names = " + ".join(fault.name for fault, _ in together)
            self._site.say(f"{len(self._record.accepted)} tasks; {names}")
            under_way = [eventlet.spawn(self._strike, fault, chance) for fault, chance in together]
            struck = [each.wait() for each in under_way]
            if not all(struck):
                self._site.mend()
            eventlet.sleep(PAUSE_SECONDS)

    def _strike(self, fault: Fault, chance: Random) -> bool:
        """Whether it could."""
        self._buried = None if fault.buries else self._buried
        try:
            with eventlet.Timeout(STRIKE_SECONDS):
                fault.strike(self._site, chance)
            self._result.faults[fault.name] += 1
            return True
        except (Exception, eventlet.Timeout) as error:  # noqa: BLE001 - together, faults get into each other's way
            self._site.say(f"{fault.name} could not strike: {error!r:.300}")
            self._result.failed[fault.name] += 1
            return False

    def end(self) -> Result:
        """Let everybody finish, wait until all is quiet, and close the books."""
        self._site.say("the faults are over; waiting for what is under way")
        self._site.mend()
        self._site.wait_ready()
        for person in self.people:
            person.working = False
        for worker in self._workers:
            worker.wait()
        self._settle()
        self._let_everybody_in()
        self._result.seconds = time.monotonic() - self._began
        self._result.violations = found_violations(self._site, self._record, self.people, self._ears, self._buried)
        self._result.early = self._record.early
        self._result.short = self._record.short
        self._result.notes = self._site.notes
        self._result.answers = self._record.answers
        self._result.deaths = self._site.deaths
        self._result.reconnections = sum(ear.connections - 1 for ear in self._ears)
        self._count_outcomes()
        for ear in self._ears:
            ear.stop()
        return self._result

    def _let_everybody_in(self) -> None:
        """Who logged out last has no WebSocket, and has yet to be told.

        A task that disables somebody may have taken effect though nobody was told that it was accepted.
        """
        office = self._site.office
        try:
            for name in STAFF:
                office.run(lambda tx: operators.enable(tx, name, "the fault suite"))  # noqa: B023
        finally:
            office.close()
        for person in self.people:
            eventually(person.log_in, 60, 0.5)

    def _settle(self) -> None:
        try:
            eventually(lambda: not unfinished(self._site.database, list(self._record.accepted)), SETTLE_SECONDS, 0.5)
            eventually(lambda: not unfinished(self._site.database, self._site.flooded), SETTLE_SECONDS, 0.5)
            eventually(self._nothing_accepted, SETTLE_SECONDS, 0.5)
        except AssertionError:
            self._site.say("not everything has ended in time")

    def _nothing_accepted(self) -> bool:
        with self._site.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM task WHERE status = 'accepted'")
            return bool(cursor.fetchone() == (0,))

    def _count_outcomes(self) -> None:
        with self._site.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(error->>'code', status), count(*) FROM task GROUP BY 1")
            self._result.outcomes.update(dict(cursor.fetchall()))
