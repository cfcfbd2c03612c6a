"""``python -m bench``: measure the system on this machine, against its goals and against the machine."""

import argparse
import json
import signal
import sys
import time

from bench import report, stack, yardsticks
from bench.phases import Phases, Say
from bench.report import Row, machine

Sections = dict[str, list[Row]]


def main() -> int:
    """Exit code 1 when something went wrong on the way (not when a goal is missed)."""
    options = _options()
    # Whatever ends it, what it started is stopped and removed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", file=sys.stderr, flush=True)

    sections: Sections = {}
    faults: dict[str, int] = {}
    if options.only != "embedded":
        _measure_real(options, say, sections, faults)
    if options.only != "real":
        _measure_embedded(options, say, sections, faults)
    print(_as_json(sections, faults) if options.json else _as_text(sections, faults))
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Starts the system (a process a service on RabbitMQ and PostgreSQL, then the embedded mode), loads "
        "it from another process, and prints what it measured against the goals. The broker and the database are "
        "those that the tests use (TEST_AMQP_URI, TEST_DATABASE_URL); their CPU is counted as a whole, so nothing "
        "else should use them meanwhile. Takes about a minute and a half.",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of each saturated run (default %(default)g)")
    parser.add_argument(
        "--latency-seconds", type=float, default=5.0, help="of one task at a time (default %(default)g)"
    )
    parser.add_argument("--idle-seconds", type=float, default=10.0, help="of doing nothing (default %(default)g)")
    parser.add_argument("--connections", type=int, default=32, help="of the load generator (default %(default)s)")
    parser.add_argument("--unfinished", type=int, default=256, help="tasks under way at most (default %(default)s)")
    parser.add_argument("--only", choices=("real", "embedded"), help="leave the other mode out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _measure_real(options: argparse.Namespace, say: Say, sections: Sections, faults: dict[str, int]) -> None:
    say("starting a process a service")
    with stack.real() as running:
        say("RabbitMQ and PostgreSQL alone, 4 s")
        inserts = yardsticks.single_inserts(running.database_url, 2.0)
        publishes = yardsticks.confirmed_publishes(running.amqp_uri, 2.0)
        phases = Phases(running, say, options.seconds, options.connections, options.unfinished, faults)
        own = {group.name for group in running.services}
        idle = phases.idle(options.idle_seconds)
        latency = phases.latency(options.latency_seconds)
        creating, mixed = phases.throughput(reviews=False), phases.throughput(reviews=True)
        sections["One task at a time"] = list(report.latency_rows(latency))
        sections["Saturated"] = [
            *report.throughput_rows("create", creating),
            *report.throughput_rows("create and review", mixed),
        ]
        sections["Each process"] = [*report.idle_rows(idle, own), *report.memory_rows(phases.memory(), own)]
        sections["Against the machine"] = list(report.ratio_rows(inserts, publishes, latency, creating))


def _measure_embedded(options: argparse.Namespace, say: Say, sections: Sections, faults: dict[str, int]) -> None:
    say("starting the embedded mode")
    with stack.embedded() as running:
        phases = Phases(running, say, options.seconds, options.connections, options.unfinished, faults)
        own = {group.name for group in running.services}
        idle = phases.idle(options.idle_seconds)
        latency = phases.latency(options.latency_seconds)
        creating = phases.throughput(reviews=False)
        sections["Embedded"] = [
            *report.latency_rows(latency),
            *report.throughput_rows("create", creating, goals=False),
            *report.idle_rows(idle, own),
            *report.memory_rows(phases.memory(), own, goals=False),
        ]


def _as_text(sections: Sections, faults: dict[str, int]) -> str:
    lines = [machine()]
    for title, rows in sections.items():
        lines += ["", title, *map(str, rows)]
    if faults:
        lines += ["", "What went wrong", *(f"  {count} x {fault}" for fault, count in faults.items())]
    return "\n".join(lines)


def _as_json(sections: Sections, faults: dict[str, int]) -> str:
    measured = {title: [row.as_json() for row in rows] for title, rows in sections.items()}
    return json.dumps({"machine": machine(), "measured": measured, "faults": faults}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
