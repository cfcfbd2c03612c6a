"""How often something may happen: sliding windows, in memory that is bounded."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Network, ip_address


class SlidingWindow:
    """At most ``most`` times in any ``seconds``, counted for each key, for the ``keys`` used last."""

    def __init__(
        self, most: int, seconds: float, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._keys = keys
        self._clock = clock
        self._times: OrderedDict[object, deque[float]] = OrderedDict()

    def take(self, key: object) -> float | None:
        """Count one. None when it was within the limit; otherwise it is not counted: the seconds to wait."""
        now = self._clock()
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = deque(maxlen=self._most)
            if len(self._times) > self._keys:
                self._times.popitem(last=False)
        else:
            self._times.move_to_end(key)
        if len(times) == self._most and now - times[0] < self._seconds:
            return self._seconds - (now - times[0])
        times.append(now)
        return None


def counted_address(address: str) -> str:
    """What a limit by address counts: an IPv4 address, or the /64 of an IPv6 address, which is what one customer of a
    provider has at least. Any other text counts as it is."""
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


class FailedLogins:
    """Failed logins a minute, for a name and for an address. Right credentials are never asked about."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._names = SlidingWindow(most, 60.0, clock=clock)
        self._addresses = SlidingWindow(most, 60.0, clock=clock)

    def take(self, name: str | None, address: str) -> float | None:
        """Count one failure. None while within both limits, otherwise the seconds to wait."""
        waits = [self._addresses.take(counted_address(address))]
        if name is not None:
            waits.append(self._names.take(name))
        return max((wait for wait in waits if wait is not None), default=None)
