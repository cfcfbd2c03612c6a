"""More work than the queues hold."""

import pytest

from tests.ledger import unfinished
from tests.system.faults.families.flood import BACK_SECONDS, come_back, flood, log_in
from tests.system.faults.person import Person
from tests.system.faults.record import Record
from tests.system.faults.site import STAFF, Site
from tests.system.faults.usage import measure
from tests.waiting import eventually


@pytest.mark.timeout(400)
def test_more_work_than_the_queues_hold_is_refused_and_afterwards_everything_is_as_before(site: Site) -> None:
    alice = Person("Alice", STAFF["Alice"], site.stack.gateways, "flood", 0, Record())
    site.people = [alice]
    site.wait_ready()
    eventually(alice.log_in, 60, 0.5)
    log_in(site)
    flood(site, 2, 100)  # whatever is made once has been made
    before = measure(site, alice)
    with site.frozen(*site.of("info")):
        answers = flood(site, 6, 400)
    assert set(answers) <= {"202 accepted", "503 unavailable no", "503 unavailable unknown"}
    assert answers["202 accepted"] > 100
    assert answers["503 unavailable no"] > 100
    eventually(lambda: not unfinished(site.database, site.flooded), 120, 0.5)
    come_back(site, before, BACK_SECONDS * site.patience)
