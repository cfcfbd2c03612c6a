"""What is tried again and again is seen when that takes long."""

from services.runtime.failures import Unavailable
from services.runtime.telemetry.monitoring import Monitoring

AWAY = Unavailable("the database is away")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def monitored() -> tuple[Monitoring, Clock]:
    """A process that has started, and its clock."""
    clock = Clock()
    monitoring = Monitoring(clock)
    monitoring.started()
    return monitoring, clock


def shown(monitoring: Monitoring) -> list[str]:
    """The metric as it is scraped."""
    text = monitoring.measures.exposition().decode()
    return [line for line in text.splitlines() if line.startswith("backoffice_retrying_seconds{")]


def test_what_fails_for_a_minute_makes_the_process_not_ready_until_it_is_over() -> None:
    monitoring, clock = monitored()
    for clock.now in (0.0, 30.0, 59.0):
        monitoring.retries.failed("a batch of x", AWAY)
        assert monitoring.reasons() == []
    clock.now = 61.0
    monitoring.retries.failed("a batch of x", AWAY)
    assert monitoring.reasons() == ["A batch of x has failed for 61 seconds: the database is away."]
    assert shown(monitoring) == ['backoffice_retrying_seconds{work="a batch of x"} 61.0']
    monitoring.retries.over("a batch of x")
    clock.now = 63.0
    assert monitoring.reasons() == []
    assert shown(monitoring) == ['backoffice_retrying_seconds{work="a batch of x"} 0.0']


def test_one_failure_that_is_not_repeated_for_long_is_none_that_lasts() -> None:
    monitoring, clock = monitored()
    monitoring.retries.failed("info.seal_audit", AWAY)
    clock.now = 3_600.0
    assert monitoring.reasons() == []


def test_what_an_unforeseen_failure_says_is_not_shown() -> None:
    monitoring, clock = monitored()
    for clock.now in (0.0, 60.0):
        monitoring.retries.failed("info.seal_audit", ValueError("password=hunter2"))
    assert monitoring.reasons() == ["Info.seal_audit has failed for 60 seconds."]


def test_what_does_not_hinder_is_shown_and_no_more() -> None:
    monitoring, clock = monitored()
    for clock.now in (0.0, 60.0):
        monitoring.retries.failed("gateway.catch_up", AWAY, hinders=False)
    assert monitoring.reasons() == []
    assert shown(monitoring) == ['backoffice_retrying_seconds{work="gateway.catch_up"} 60.0']
