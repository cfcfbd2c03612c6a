"""Coverage-guided fuzzing of the parsers, each target in a process of its own: ``python -m tests.fuzz``.

Atheris instruments what is imported, so nothing of the project may have been imported before.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Exit code 1 when a target fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="all unless named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, help="inputs for each target, instead of a time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.only:
        return _fuzz(options.only, rest)
    failed = []
    for name in options.targets or sorted(folder.name for folder in CORPUS.iterdir()):
        print(f"{name}: seed {options.seed}", flush=True)
        if run(name, seed=options.seed, runs=options.runs, seconds=options.seconds) != 0:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "no target failed")
    return 1 if failed else 0


def run(name: str, *, seed: int, runs: int | None = None, seconds: int = 60, kept: str = "fuzz-") -> int:
    """Fuzz one target in a process of its own, which tells how it goes; its exit code.

    kept: how the names of files begin in which an input that fails is kept
    """
    amount = f"-runs={runs}" if runs is not None else f"-max_total_time={seconds}"
    with tempfile.TemporaryDirectory(prefix="backoffice-fuzz-") as found:
        limits = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-seed={seed}", "-print_final_stats=1"]
        corpora = [found, *(str(folder) for folder in (CORPUS / name,) if folder.exists())]
        command = [
            sys.executable,
            "-m",
            "tests.fuzz",
            "--only",
            name,
            amount,
            *limits,
            f"-artifact_prefix={kept}",
            *corpora,
        ]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


def _fuzz(name: str, arguments: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["services", "http", "json", "wsproto", "amqp"]):
        from tests.fuzz.targets import TARGETS
    logging.disable(logging.CRITICAL)
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
