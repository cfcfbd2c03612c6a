"""``python -m tests.system.faults``: break the system on purpose for a while, and check the ledger."""

import eventlet

eventlet.monkey_patch()  # before anything else

import argparse  # noqa: E402
import secrets  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Sequence  # noqa: E402

from tests.system.faults import plan, registry  # noqa: E402
from tests.system.faults.registry import Fault  # noqa: E402
from tests.system.faults.run import Result, Run  # noqa: E402
from tests.system.faults.site import running_site  # noqa: E402

EXAMPLES = """\
examples:
  python -m tests.system.faults                                  half an hour of everything
  python -m tests.system.faults --minutes 2                      a short one
  python -m tests.system.faults --seed 20417 --minutes 2         the same choices as another run had
  python -m tests.system.faults --fault service-killed --minutes 1
  python -m tests.system.faults --list

It needs rabbitmq-server and PostgreSQL's programs, and starts its own of both on free ports. The same seed chooses the
same faults in the same order with the same details, and the same tasks of each operator; what meets what is up to the
machine. The exit code is 1 when the ledger has a violation.
"""


def main() -> int:
    """The exit code."""
    faults = registry.load()
    options = _options(faults)
    if options.list:
        for fault in faults.values():
            print(f"{fault.family:13} {fault.name:45} {fault.help}")
        return 0
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", flush=True)

    seed = str(options.seed if options.seed is not None else secrets.randbelow(10**6))
    say(f"seed {seed}")
    chosen = _possible([faults[name] for name in options.fault] if options.fault else list(faults.values()), say)
    with running_site(say) as site:
        run = Run(site, seed)
        run.begin()
        ends = time.monotonic() + options.minutes * 60
        run.strike(plan.strikes(chosen, seed), lambda number: time.monotonic() > ends)
        result = run.end()
    print(_summary(result))
    return 1 if result.violations else 0


def _options(faults: dict[str, Fault]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.system.faults",
        description="Runs two processes of each service on a RabbitMQ and a PostgreSQL of its own, has eight operators "
        "work through the public interface, breaks things, each fault alone and then in combinations, and checks that "
        "nothing was lost, nothing happened twice, and nobody did what they may not.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, help="repeat a run's choices (default: a new one, which is printed)")
    parser.add_argument("--minutes", type=float, default=30.0, help="for how long to strike (default %(default)g)")
    parser.add_argument(
        "--fault", action="append", choices=list(faults), metavar="NAME", help="this one only (may be repeated)"
    )
    parser.add_argument("--list", action="store_true", help="list the faults by family, and stop")
    return parser.parse_args()


def _possible(faults: Sequence[Fault], say: registry.Say) -> list[Fault]:
    for fault in faults:
        if reason := fault.missing():
            say(f"{fault.name} is left out: {reason}")
    return [fault for fault in faults if not fault.missing()]


def _summary(result: Result) -> str:
    lines = [
        "",
        f"seed {result.seed}, {result.seconds:.0f} seconds",
        f"tasks: {sum(result.outcomes.values())}",
        *_table(result.outcomes),
        "HTTP answers:",
        *_table(Counter({str(status): count for status, count in result.answers.items()})),
        f"faults: {sum(result.faults.values())}",
        *_table(result.faults),
        "faults that could not strike, another one being in their way:",
        *_table(result.failed),
        "processes that ended:",
        *_table(result.deaths),
        f"WebSockets that connected again: {result.reconnections}",
        *result.notes,
        f"outcomes heard before their task was accepted: {result.early}",
        f"outcomes told without their result, which the broker did not carry: {result.short}",
        f"ledger violations: {len(result.violations)}",
        *(f"  {violation}" for violation in result.violations),
    ]
    return "\n".join(lines)


def _table(counts: Counter[str]) -> list[str]:
    return [f"  {count:7} {name}" for name, count in counts.most_common()]


if __name__ == "__main__":
    sys.exit(main())
