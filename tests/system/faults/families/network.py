"""Links between services, broker and database that are cut, refused, slow or swallow everything."""

from random import Random

import eventlet

from tests.proxy import Proxy
from tests.system.faults.registry import fault
from tests.system.faults.site import Site


def _some(site: Site, chance: Random) -> list[Proxy]:
    return [site.links[name] for name in chance.sample(list(site.links), chance.randint(1, 4))]


@fault()
def links_cut(site: Site, chance: Random) -> None:
    """Connections are reset, again and again."""
    for _ in range(4):
        for proxy in _some(site, chance):
            proxy.cut()
        eventlet.sleep(chance.uniform(0.3, 1.5))


@fault()
def links_down(site: Site, chance: Random) -> None:
    """Some processes reach their broker or database no more, for some seconds."""
    proxies = _some(site, chance)
    for proxy in proxies:
        proxy.stop()
    eventlet.sleep(chance.uniform(2, 6))
    for proxy in proxies:
        proxy.restore()


@fault()
def links_slow(site: Site, chance: Random) -> None:
    """Whatever passes some links takes a third of a second longer."""
    proxies = _some(site, chance)
    for proxy in proxies:
        proxy.delay = 0.3
    eventlet.sleep(chance.uniform(3, 7))
    for proxy in proxies:
        proxy.restore()


@fault()
def links_swallow(site: Site, chance: Random) -> None:
    """Whatever is sent over some links arrives some seconds later, and nobody is told."""
    _black_hole(_some(site, chance), chance.uniform(2, 7))


@fault(long=True)
def links_swallow_beyond_heartbeats(site: Site, chance: Random) -> None:
    """The same for so long that both ends give the connection up."""
    _black_hole(_some(site, chance), 40)


@fault(long=True)
def a_service_cut_off(site: Site, chance: Random) -> None:
    """All links of a service are black holes for half a minute."""
    service = chance.choice(("gateway", "tasks", "users", "info"))
    _black_hole([proxy for name, proxy in site.links.items() if name.startswith(service)], 30)


def _black_hole(proxies: list[Proxy], seconds: float) -> None:
    for proxy in proxies:
        proxy.silence()
    eventlet.sleep(seconds)
    for proxy in proxies:
        proxy.restore()
        proxy.cut()
