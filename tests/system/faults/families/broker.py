"""A RabbitMQ that dies, stops, hangs, cuts connections, takes nothing, or loses what a hand purged."""

import signal
from random import Random

import eventlet

from tests.system.faults.person import HTTP_SECONDS
from tests.system.faults.registry import fault
from tests.system.faults.site import Site

LARGEST_MESSAGE = 134_217_728
"""What RabbitMQ takes unless it is told otherwise."""


@fault()
def broker_killed(site: Site, chance: Random) -> None:
    """SIGKILL of RabbitMQ, which is started again after a moment."""
    site.rabbitmq.kill()
    eventlet.sleep(chance.uniform(0, 2))
    site.rabbitmq.start()


@fault()
def broker_stopped(site: Site, chance: Random) -> None:
    """RabbitMQ is stopped as its operator would, and started again."""
    site.rabbitmq.stop()
    eventlet.sleep(chance.uniform(0, 2))
    site.rabbitmq.start()


@fault()
def broker_paused(site: Site, chance: Random) -> None:
    """SIGSTOP of RabbitMQ for some seconds: confirms stay out, so outcomes of submissions are unknown."""
    _pause(site, chance.uniform(3, 7))


@fault(long=True)
def broker_paused_beyond_its_heartbeats(site: Site, chance: Random) -> None:
    """SIGSTOP of RabbitMQ until every service has given its connections up."""
    _pause(site, 35)


@fault()
def connections_closed_by_the_broker(site: Site, chance: Random) -> None:
    """RabbitMQ closes every connection, several times."""
    for _ in range(2):
        site.rabbitmq.ctl("close_all_connections", "the fault suite")
        eventlet.sleep(chance.uniform(0.5, 2))


@fault()
def memory_alarm(site: Site, chance: Random) -> None:
    """RabbitMQ's memory alarm: it reads nothing from who publishes."""
    try:
        site.rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
        eventlet.sleep(chance.uniform(3, 6))
    finally:
        site.rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")


@fault()
def disk_alarm(site: Site, chance: Random) -> None:
    """RabbitMQ's disk alarm, likewise."""
    try:
        site.rabbitmq.ctl("set_disk_free_limit", "1000000GB")
        eventlet.sleep(chance.uniform(3, 6))
    finally:
        site.rabbitmq.ctl("set_disk_free_limit", "50MB")


@fault(buries=True)
def messages_refused(site: Site, chance: Random) -> None:
    """RabbitMQ refuses every message above a size that many outcomes exceed, and some requests, for some seconds."""
    for person in site.people:
        person.forgiving = True
    try:
        _largest_message(site, chance.choice((600, 900, 1_500)))
        eventlet.sleep(chance.uniform(3, 8))
    finally:
        _largest_message(site, LARGEST_MESSAGE)
        eventlet.spawn_after(HTTP_SECONDS, _forgive_no_more, site)


def _forgive_no_more(site: Site) -> None:
    """Every answer that was under way has come."""
    for person in site.people:
        person.forgiving = False


def _largest_message(site: Site, size: int) -> None:
    """A channel goes by the size that held when it was opened."""
    site.rabbitmq.ctl("eval", f"application:set_env(rabbit, max_message_size, {size}).")
    site.rabbitmq.ctl("close_all_connections", "the fault suite")


@fault()
def rights_withdrawn(site: Site, chance: Random) -> None:
    """Nobody may publish on one service's exchange for some seconds: RabbitMQ closes every channel that tries."""
    exchange = chance.choice(("tasks", "info", "gateway"))
    try:
        site.rabbitmq.ctl("set_permissions", "guest", ".*", rf"^(?!{exchange}\.events$).*", ".*")
        site.rabbitmq.ctl("close_all_connections", "the fault suite")
        eventlet.sleep(chance.uniform(3, 8))
    finally:
        site.rabbitmq.ctl("set_permissions", "guest", ".*", ".*", ".*")
        site.rabbitmq.ctl("close_all_connections", "the fault suite")


def _pause(site: Site, seconds: float) -> None:
    site.rabbitmq.signal(signal.SIGSTOP)
    try:
        eventlet.sleep(seconds)
    finally:
        site.rabbitmq.signal(signal.SIGCONT)
