"""Messages that come twice, late, in another order, in no shape at all, or not at all."""

import json
from random import Random

import eventlet

from services.contracts.events import EVENTS, OPERATIONS_REQUESTED, TASKS_SUBMITTED
from tests.system.faults.broker_access import Letter, overhear, send
from tests.system.faults.poison import QUEUES, replies, send_poison
from tests.system.faults.registry import fault
from tests.system.faults.site import Site

EVERYTHING = [(speaker.exchange, event.name) for event in EVENTS for speaker in event.speakers]
HEAR_SECONDS = 3.0


@fault()
def deliveries_duplicated(site: Site, chance: Random) -> None:
    """Everything that is said for some seconds is said again at once, some of it three times."""
    heard = overhear(site, EVERYTHING, HEAR_SECONDS)
    send(site, heard + heard[::3])


@fault()
def deliveries_reordered(site: Site, chance: Random) -> None:
    """Everything that is said for some seconds is said again in another order."""
    heard = overhear(site, EVERYTHING, HEAR_SECONDS)
    send(site, chance.sample(heard, len(heard)))


@fault()
def deliveries_delayed(site: Site, chance: Random) -> None:
    """Everything that is said for some seconds comes again long after its outcome has been told."""
    heard = overhear(site, EVERYTHING, HEAR_SECONDS)
    eventlet.sleep(chance.uniform(3, 6))
    send(site, heard)


@fault()
def batches_mixed(site: Site, chance: Random) -> None:
    """The same tasks come again in large messages, in another order on each of two occasions, for both replicas."""
    heard = overhear(site, [("tasks.events", OPERATIONS_REQUESTED.name)], HEAR_SECONDS)
    entries = [entry for letter in heard for entry in json.loads(letter.body)[OPERATIONS_REQUESTED.member]]
    for order in (entries, entries[::-1], chance.sample(entries, len(entries))):
        bodies = [
            json.dumps({"version": 1, OPERATIONS_REQUESTED.member: order[start : start + 20]}).encode()
            for start in range(0, len(order), 20)
        ]
        send(site, [Letter("", OPERATIONS_REQUESTED.queue, body) for body in bodies])


@fault(buries=True)
def poison_on_every_queue(site: Site, chance: Random) -> None:
    """Messages that cannot be decoded, of the wrong type, huge, without reply_to, with hostile headers."""
    for queue in QUEUES:
        send_poison(site, chance, queue, 4)
    send(site, replies(chance, site.rabbitmq.ctl("list_queues", "--no-table-headers", "name").split()))


@fault(buries=True)
def messages_of_a_newer_release(site: Site, chance: Random) -> None:
    """A message of a version that nobody knows waits on each queue, once in the life of the site."""
    if not site.newer_release:
        site.newer_release = True
        bodies = {event: json.dumps({"version": 99, event.member: [{"id": "new"}]}).encode() for event in EVENTS}
        send(
            site,
            [
                Letter("", event.queue, body)
                if event.listener
                else Letter(event.speakers[0].exchange, event.name, body)
                for event, body in bodies.items()
            ],
        )
    eventlet.sleep(2)


@fault(long=True)
def queues_purged(site: Site, chance: Random) -> None:
    """Somebody purges the queues of what is to be done; everybody's tasks have keys, so all of them come back."""
    with site.only_keyed():
        for _ in range(3):
            with site.frozen(*site.of("info")):
                eventlet.sleep(0.5)
                for event in (TASKS_SUBMITTED, OPERATIONS_REQUESTED):
                    site.rabbitmq.ctl("purge_queue", event.queue)
            eventlet.sleep(1)
