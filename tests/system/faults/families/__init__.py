"""One module a family of faults. ``--list`` shows what they hold."""
