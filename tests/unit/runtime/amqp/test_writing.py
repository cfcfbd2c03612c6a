import eventlet
import pytest

from services.runtime.amqp.writing import CoalescedWrites
from tests.waiting import eventually


class Wire:
    """What was sent; a send takes ``pause`` seconds or raises ``failure``."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.breaks = 0
        self.pause = 0.0
        self.failure: Exception | None = None

    def send(self, data: bytes) -> None:
        eventlet.sleep(self.pause)
        if self.failure is not None:
            raise self.failure
        self.sent.append(data)

    def broken(self) -> None:
        self.breaks += 1


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def writes(wire: Wire) -> CoalescedWrites:
    return CoalescedWrites(wire.send, wire.broken, seconds=0.2)


def test_what_is_written_in_one_turn_is_sent_at_once_and_in_order(wire: Wire, writes: CoalescedWrites) -> None:
    for greenlet in [eventlet.spawn(writes.write, data) for data in (b"1", b"2", b"3")]:
        greenlet.wait()
    assert wire.sent == []
    assert eventually(lambda: wire.sent) == [b"123"]


def test_what_is_written_meanwhile_follows(wire: Wire, writes: CoalescedWrites) -> None:
    wire.pause = 0.02
    writes.write(b"1")
    eventlet.sleep(0.01)
    writes.write(b"2")
    writes.write(b"3")
    eventually(lambda: len(wire.sent) > 1)
    assert wire.sent == [b"1", b"23"]


def test_memory_that_is_used_again_is_copied(wire: Wire, writes: CoalescedWrites) -> None:
    memory = bytearray(b"1")
    writes.write(memoryview(memory))
    memory[:] = b"2"
    writes.write(memoryview(memory))
    assert eventually(lambda: wire.sent) == [b"12"]


def test_flush_sends_what_waits_before_it_returns(wire: Wire, writes: CoalescedWrites) -> None:
    writes.write(b"1")
    writes.flush()
    assert wire.sent == [b"1"]
    eventlet.sleep(0.01)
    assert wire.sent == [b"1"]


def test_flush_waits_for_what_is_being_sent(wire: Wire, writes: CoalescedWrites) -> None:
    wire.pause = 0.02
    writes.write(b"1")
    eventlet.sleep(0.01)
    writes.write(b"2")
    writes.flush()
    assert wire.sent == [b"1", b"2"]


def test_a_failure_breaks_the_connection(wire: Wire, writes: CoalescedWrites) -> None:
    wire.failure = ConnectionResetError()
    writes.write(b"1")
    assert eventually(lambda: wire.breaks) == 1


def test_a_send_that_hangs_breaks_the_connection(wire: Wire, writes: CoalescedWrites) -> None:
    wire.pause = 60.0
    writes.write(b"1")
    assert eventually(lambda: wire.breaks) == 1
    assert wire.sent == []
