"""Operators who lose a right, or gain one, while their tasks wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import eventlet

from services.contracts.operators import Role
from services.info import operators
from services.runtime.failures import Unavailable
from services.runtime.postgres.transaction import Transaction
from tests.ledger import unfinished
from tests.system.faults.registry import fault
from tests.system.faults.site import ROLES, Site
from tests.waiting import eventually

ACTOR = "the fault suite"
Change = Callable[[Transaction, str], Any]

DECIDERS = ("Bob", "Carol", "Chris", "Dave", "Erin", "Sam")


def _change(site: Site, change: Change, name: str) -> None:
    """As the command line does it: in the database itself, tried again while that is away."""
    for _ in range(120):
        office = site.office
        try:
            office.run(lambda tx: change(tx, name))
            return
        except Unavailable:
            eventlet.sleep(0.5)
        finally:
            office.close()


@contextmanager
def _tasks_waiting(site: Site, chance: Random) -> Iterator[None]:
    """What is submitted meanwhile waits in the queue: nobody takes it."""
    with site.frozen(*site.of("tasks")):
        eventlet.sleep(chance.uniform(0.5, 1.5))
        yield
        eventlet.sleep(chance.uniform(0, 0.5))


def _lose(site: Site, chance: Random, lose: Change, restore: Change) -> None:
    names = chance.sample(DECIDERS, 3)
    try:
        with _tasks_waiting(site, chance):
            for name in names:
                _change(site, lose, name)
        eventlet.sleep(chance.uniform(1, 2))
    finally:
        for name in names:
            _change(site, restore, name)


@fault()
def operators_demoted(site: Site, chance: Random) -> None:
    """Some fall to level 1 while their tasks wait."""
    _lose(
        site,
        chance,
        lambda tx, name: operators.set_level(tx, name, 1, ACTOR),
        lambda tx, name: operators.set_level(tx, name, ROLES[name][1], ACTOR),
    )


@fault()
def operators_disabled(site: Site, chance: Random) -> None:
    """Some are disabled while their tasks wait."""
    _lose(
        site,
        chance,
        lambda tx, name: operators.disable(tx, name, ACTOR),
        lambda tx, name: operators.enable(tx, name, ACTOR),
    )


@fault()
def operators_disabled_by_tasks(site: Site, chance: Random) -> None:
    """Ann disables some by tasks of hers that wait among theirs, and enables them again."""
    ann = next(person for person in site.people if person.name == "Ann")
    names = chance.sample(DECIDERS, 3)
    submitted: list[str] = []
    try:
        with _tasks_waiting(site, chance):
            for name in names:
                answer = ann.submit("disable_operator", {"id": list(ROLES).index(name) + 1})
                submitted += [answer["task"]["id"]] if answer.get("http") == 202 else []
        eventually(lambda: not unfinished(site.database, submitted), 90, 0.5)
    finally:
        for name in names:
            _change(site, lambda tx, name: operators.enable(tx, name, ACTOR), name)


@fault()
def operators_moved(site: Site, chance: Random) -> None:
    """Some get another role while their tasks wait."""
    _lose(
        site,
        chance,
        lambda tx, name: operators.set_role(tx, name, Role.ADMIN, ACTOR),
        lambda tx, name: operators.set_role(tx, name, ROLES[name][0], ACTOR),
    )


@fault()
def a_creator_becomes_a_decider(site: Site, chance: Random) -> None:
    """Ann, who has created half of everything, works for Compliance and then for Service for a while."""
    try:
        for role in (Role.COMPLIANCE, Role.SERVICE):
            _change(site, lambda tx, name: operators.set_role(tx, name, role, ACTOR), "Ann")  # noqa: B023
            eventlet.sleep(chance.uniform(2, 3))
    finally:
        _change(site, lambda tx, name: operators.set_role(tx, name, Role.ADMIN, ACTOR), "Ann")


@fault()
def operators_logged_out(site: Site, chance: Random) -> None:
    """Some log out while their tasks wait; their sessions have ended when the tasks come to be executed."""
    with _tasks_waiting(site, chance):
        for person in chance.sample(site.people, 4):
            eventlet.spawn(person.submit, "logout", {})
