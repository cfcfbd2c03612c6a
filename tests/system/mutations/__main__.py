"""``python -m tests.system.mutations SCENARIO...``: play scenarios on the build in the current folder.

Prints, as JSON, the promises that each of them found broken.
"""

import eventlet

eventlet.monkey_patch()  # before anything else

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import services  # noqa: E402
from tests.system.mutations.scenarios import play  # noqa: E402
from tests.system.mutations.site import running  # noqa: E402


def main() -> int:
    """Exit code 0 also when promises are broken."""
    assert Path(services.__path__[0]).parent == Path.cwd()
    with running() as site:
        print(json.dumps({name: play(site, name) for name in sys.argv[1:]}, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
