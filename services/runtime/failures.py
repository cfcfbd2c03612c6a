"""Failures that pass by themselves. A consumer that meets one holds its batch and repeats it later."""


class Unavailable(Exception):
    """Something the work needs (broker, database, another service) cannot be had now; repeating may help."""
