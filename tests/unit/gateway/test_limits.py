"""Sliding windows."""

import pytest

from services.gateway.limits import FailedLogins, SlidingWindow, counted_address


class Clock:
    """Time that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides() -> None:
    clock = Clock()
    window = SlidingWindow(2, 10.0, clock=clock)
    assert window.take("a") is None
    clock.now += 4
    assert window.take("a") is None
    assert window.take("a") == 6.0
    assert window.take("b") is None
    clock.now += 6
    assert window.take("a") is None
    assert window.take("a") == 4.0


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    window = SlidingWindow(1, 10.0, clock=clock)
    window.take("a")
    for _ in range(100):
        clock.now += 0.05
        assert window.take("a") is not None
    clock.now += 5.1
    assert window.take("a") is None


def test_memory_is_bounded_by_the_keys_used_last() -> None:
    window = SlidingWindow(1, 10.0, keys=3, clock=Clock())
    for key in "abcabd":
        window.take(key)
    assert window.take("b") is not None
    assert window.take("c") is None


def test_failed_logins_are_limited_for_a_name_and_for_an_address() -> None:
    clock = Clock()
    failures = FailedLogins(2, clock)
    assert failures.take("Alice", "1.1.1.1") is None
    assert failures.take("Alice", "2.2.2.2") is None
    assert failures.take("Alice", "3.3.3.3") == 60.0
    assert failures.take("Bob", "3.3.3.3") is None
    assert failures.take("Carol", "3.3.3.3") == 60.0
    clock.now += 60
    assert failures.take("Alice", "3.3.3.3") is None


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_address_counts_by_its_network(address: str, counted: str) -> None:
    assert counted_address(address) == counted


def test_failed_logins_of_a_network_count_together() -> None:
    failures = FailedLogins(2, Clock())
    assert [failures.take(None, f"2001:db8::{host}") is None for host in (1, 2, 3)] == [True, True, False]
    assert failures.take(None, "2001:db8:0:1::1") is None
