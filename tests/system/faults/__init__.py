"""The fault suite: the whole system at work while it is broken on purpose, and a ledger of what came of every task."""
