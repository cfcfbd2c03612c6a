"""``python -m services.cli``: the same as ``backoffice``."""

from services.cli import main

main()
