"""A RabbitMQ that dies, stops, hangs, cuts connections, takes nothing, or loses what a hand purged."""

import signal
from random import Random

import eventlet

from tests.system.faults.registry import fault
from tests.system.faults.site import Site


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


def _pause(site: Site, seconds: float) -> None:
    site.rabbitmq.signal(signal.SIGSTOP)
    try:
        eventlet.sleep(seconds)
    finally:
        site.rabbitmq.signal(signal.SIGCONT)
