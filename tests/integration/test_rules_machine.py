"""Items on random ways through the rules, each step held against the model, and the audit against the tables."""

from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.contracts.operators import Role
from tests import parts
from tests.desk import Desk, Staff
from tests.domain import TYPES, Clerk, Thing, refusal

BOUND = 2
FEW = settings(
    max_examples=50,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

TEAM = [
    Clerk("Alice", "Admin", 1),
    Clerk("Adam", "Admin", 2),
    Clerk("Bob", "Compliance", 1),
    Clerk("Carol", "Compliance", 2),
    Clerk("Carlos", "Compliance", 3),
    Clerk("Dave", "Service", 1),
    Clerk("Erin", "Service", 2),
    Clerk("Eve", "Service", 3),
]
"""Who works here to begin with."""

SUBJECT: dict[str, dict[str, Any]] = {
    "document": {"content": "page 1"},
    "transfer": {"amount": "250.00"},
    "inquiry": {"problem": "where?"},
}

names = st.sampled_from([clerk.name for clerk in TEAM])
types = st.sampled_from(list(SUBJECT))
levels = st.integers(1, 3)
stated_versions = st.sampled_from([None, None, 0, 1])
"""None: no version is stated; else how far the stated one is from the item's."""


class Walk(RuleBasedStateMachine):
    """The product and the model side by side.

    luck: chooses evenly who meets what; Hypothesis, which chooses the steps, would repeat itself too often
    """

    template: str
    server: str

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        url = self.stack.enter_context(parts.temporary_database(self.server, self.template))
        self.desk = Desk(url, max_claims=BOUND)
        self.stack.callback(self.desk.close)
        self.clerks = {clerk.name: Clerk(**vars(clerk)) for clerk in TEAM}
        self.staff: dict[str, Staff] = {
            clerk.name: self.desk.hire(clerk.name, Role(clerk.role), clerk.level) for clerk in TEAM
        }
        self.things: dict[tuple[str, int], Thing] = {}
        self.order: list[Thing] = []
        self.root = self.desk.hire("Root", Role.ADMIN, 1)
        self.audited = 1
        self.changes = 0

    @initialize(luck=st.randoms(use_true_random=True))
    def a_morning(self, luck: Random) -> None:
        """Something of every type to begin with, of two authors."""
        self.luck = luck
        self.desk.done(self.staff["Alice"], "create_customer", name="Grace")
        for item_type in SUBJECT:
            for name, level in (("Alice", 1), ("Adam", 1), ("Alice", 2)):
                self.create_item(name, item_type, level)
        for _ in range(4):
            self.claim()

    def teardown(self) -> None:
        try:
            self.check_audit()
        finally:
            self.stack.close()

    # What the model says

    def held(self, name: str) -> list[Thing]:
        """What somebody holds to work on."""
        return [thing for thing in self.order if thing.holder == name and not thing.waiting]

    def suited(self, clerk: Clerk, item_type: str) -> list[Thing]:
        return [
            thing
            for thing in self.order
            if thing.type == item_type
            and not thing.decided_by
            and thing.level <= clerk.level
            and thing.creator != clerk.name
        ]

    # Who meets what, so that most of it is worth trying

    def draw_thing(self, held: bool = False) -> tuple[str, int]:
        """Type and id of an item: mostly one that waits, or that somebody holds; rarely none at all."""
        likely = [thing for thing in self.order if (thing.holder if held else not thing.decided_by)]
        known = [(thing.type, thing.id) for thing in [*likely * 4, *self.order]]
        return self.luck.choice([*known, ("document", 99)])

    def draw_name(self, item_type: str, item_id: int = 0) -> str:
        """Somebody who may decide it, its holder or its author, or anybody."""
        thing = self.things.get((item_type, item_id))
        level = thing.level if thing else 1
        able = [it.name for it in self.clerks.values() if item_type in TYPES[it.role] and it.level >= level]
        close = [it.name for it in self.clerks.values() if thing and it.name in (thing.holder, thing.creator)]
        group = self.luck.choice([close or able, able, able, list(self.clerks)])
        return self.luck.choice(group or list(self.clerks))

    def attempt(self, action: str, name: str, thing: Thing | None, data: dict[str, Any]) -> dict[str, Any] | None:
        """Run a task that names an item; its result when the model allows it, and None when both refuse alike."""
        clerk = self.clerks[name]
        expected = refusal(action, clerk, thing, data, len(self.held(name)), BOUND, self.clerks.values())
        if expected is None:
            return self.desk.done(self.staff[name], action, **data)
        code, params = self.desk.refused(self.staff[name], action, **data)
        assert code == expected
        self.check_params(code, params, clerk, thing, data)
        return None

    def check_params(
        self, code: str, params: dict[str, Any], clerk: Clerk, thing: Thing | None, data: dict[str, Any]
    ) -> None:
        known: dict[str, Callable[[Thing], dict[str, Any]]] = {
            "level_too_low": lambda it: {"required": it.level, "yours": clerk.level},
            "level_not_higher": lambda it: {"current": it.level},
            "version_conflict": lambda it: {"current": it.version, "stated": data["version"]},
            "nobody_has_level": lambda it: {"level": data["level"]},
            "too_many_claims": lambda it: {"held": len(self.held(clerk.name)), "limit": BOUND},
            "already_decided": lambda it: self.who("decided", it.decided_by) | {"decided_at": params["decided_at"]},
            "claimed_by_other": lambda it: self.who("claimed", it.holder) | {"claimed_until": params["claimed_until"]},
            "not_claimed_by_you": lambda it: (
                self.who("claimed", it.holder) | {"claimed_until": params["claimed_until"]}
            ),
        }
        if thing is None:
            assert params == ({"id": data["id"]} if code.endswith("_not_found") else {})
        else:
            assert params == (known[code](thing) if code in known else {})

    def who(self, did: str, name: str | None) -> dict[str, Any]:
        """How somebody is named: by name and id."""
        return {f"{did}_by": name, f"{did}_by_id": self.staff[name].id if name else None}

    def changed(self, thing: Thing, event: str, version: int = 1) -> None:
        """The model has changed a thing: the product has said the same, and audited it unless the version stayed."""
        thing.version += version
        self.changes += 1
        self.audited += version
        change = self.desk.changes[-1]
        assert change["event"] == event
        assert (change["item"]["type"], change["item"]["id"]) == (thing.type, thing.id)
        assert change["item"]["level"] == thing.level
        self.check_shown(thing, dict(change["item"]))

    def check_shown(self, thing: Thing, shown: dict[str, Any]) -> None:
        assert (shown["id"], shown["level"], shown["version"]) == (thing.id, thing.level, thing.version)
        assert (shown["status"], shown["claimed_by"]) == (thing.status, thing.holder)
        assert (shown["claimed_until"] is None) == (thing.holder is None)
        assert shown.items() >= self.who("claimed", thing.holder).items()
        if "decided_by" in shown:
            assert shown.items() >= self.who("decided", thing.decided_by).items()
        if "waiting" in shown:
            assert shown["waiting"] == thing.waiting
        if "answer" in shown:
            assert shown["answer"] == (thing.answers[-1] if thing.answers else None)
            assert shown["closed"] == (thing.status == "closed")

    # What happens

    @rule(item_type=types, level=levels)
    def create(self, item_type: str, level: int) -> None:
        admins = [clerk.name for clerk in self.clerks.values() if clerk.role == "Admin"]
        name = self.luck.choice([*(admins * 5), *self.clerks])
        content = {"cid": 1, "level": level, **SUBJECT[item_type]}
        if name not in admins:
            assert self.desk.refused(self.staff[name], f"create_{item_type}", **content) == ("not_permitted", {})
            return
        self.create_item(name, item_type, level)

    def create_item(self, name: str, item_type: str, level: int) -> None:
        content = {"cid": 1, "level": level, **SUBJECT[item_type]}
        shown = self.desk.done(self.staff[name], f"create_{item_type}", **content)[item_type]
        thing = Thing(item_type, shown["id"], level, name, version=0)
        self.things[item_type, thing.id] = thing
        self.order.append(thing)
        self.changed(thing, "created")
        self.check_shown(thing, shown)

    @rule()
    def claim(self) -> None:
        item_type, item_id = self.draw_thing()
        name = self.draw_name(item_type, item_id)
        if self.luck.random() < 0.4:
            self.claim_the_next(name, item_type)
            return
        thing = self.things.get((item_type, item_id))
        result = self.attempt("get_task", name, thing, {"type": item_type, "id": item_id})
        if result and thing:
            self.check_claimed(name, thing, result)

    def claim_the_next(self, name: str, item_type: str) -> None:
        clerk, staff = self.clerks[name], self.staff[name]
        suited = self.suited(clerk, item_type)
        mine = [thing for thing in suited if thing.holder == name and not thing.waiting]
        free = [thing for thing in suited if thing.holder is None and not thing.waiting]
        if item_type not in TYPES[clerk.role]:
            assert self.desk.refused(staff, "get_task", type=item_type) == ("not_permitted", {})
        elif not mine and len(self.held(name)) >= BOUND:
            expected = {"held": len(self.held(name)), "limit": BOUND}
            assert self.desk.refused(staff, "get_task", type=item_type) == ("too_many_claims", expected)
        elif not mine and not free:
            assert self.desk.refused(staff, "get_task", type=item_type) == ("nothing_to_do", {})
        else:
            self.check_claimed(name, (mine or free)[0], self.desk.done(staff, "get_task", type=item_type))

    def check_claimed(self, name: str, thing: Thing, result: dict[str, Any]) -> None:
        renewed = thing.holder == name
        thing.holder = name
        self.changed(thing, "claimed", version=0 if renewed else 1)
        self.check_with_customer(thing, result)

    def check_with_customer(self, thing: Thing, result: dict[str, Any]) -> None:
        assert set(result) == {"type", thing.type, "customer"}
        assert (result["type"], result["customer"]["id"]) == (thing.type, 1)
        self.check_shown(thing, result[thing.type])

    @rule()
    def release(self) -> None:
        item_type, item_id = self.draw_thing(held=True)
        name = self.draw_name(item_type, item_id)
        thing = self.things.get((item_type, item_id))
        result = self.attempt("release_task", name, thing, {"type": item_type, "id": item_id})
        if result and thing:
            thing.holder = None
            self.changed(thing, "released")
            self.check_with_customer(thing, result)

    @rule(level=st.integers(1, 4))
    def escalate(self, level: int) -> None:
        item_type, item_id = self.draw_thing()
        name = self.draw_name(item_type, item_id)
        thing = self.things.get((item_type, item_id))
        result = self.attempt("escalate_task", name, thing, {"type": item_type, "id": item_id, "level": level})
        if result and thing:
            before, thing.level, thing.holder, thing.waiting = thing.level, level, None, False
            self.changed(thing, "escalated")
            assert self.desk.changes[-1]["level_before"] == before
            self.check_with_customer(thing, result)

    @rule(yes=st.booleans(), answer=st.sampled_from(["a", "b"]), version=stated_versions)
    def review_or_respond(self, yes: bool, answer: str, version: int | None) -> None:
        item_type, item_id = self.draw_thing()
        name = self.draw_name(item_type, item_id)
        thing = self.things.get((item_type, item_id))
        stated = {"id": item_id, **({} if thing is None or version is None else {"version": thing.version + version})}
        if item_type == "inquiry":
            self.respond(name, thing, {**stated, "answer": answer, "closed": yes})
        else:
            self.review(name, item_type, thing, {**stated, "approved": yes})

    def review(self, name: str, item_type: str, thing: Thing | None, data: dict[str, Any]) -> None:
        result = self.attempt(f"review_{item_type}", name, thing, data)
        if result and thing:
            self.decide(thing, name, "approved" if data["approved"] else "rejected", result)

    def respond(self, name: str, thing: Thing | None, data: dict[str, Any]) -> None:
        result = self.attempt("respond_inquiry", name, thing, data)
        if result and thing:
            thing.answers.append(data["answer"])
            if data["closed"]:
                self.decide(thing, name, "closed", result)
            else:
                thing.waiting = True
                self.changed(thing, "answered")
                self.check_shown(thing, result["inquiry"])

    @rule()
    def the_customer_replies(self) -> None:
        inquiries = [thing for thing in self.order if thing.type == "inquiry"]
        thing = self.luck.choice([*[it for it in inquiries if it.waiting] * 4, *inquiries])
        name = self.luck.choice([*["Alice", "Adam"] * 4, *self.clerks])
        result = self.attempt("reply_inquiry", name, thing, {"id": thing.id, "reply": "and now?"})
        if result:
            thing.waiting = False
            self.changed(thing, "replied")
            self.check_shown(thing, result["inquiry"])

    @precondition(lambda self: any(thing.waiting for thing in self.order))
    @rule()
    def the_time_comes(self) -> None:
        thing = self.luck.choice([thing for thing in self.order if thing.waiting])
        self.desk.sql("UPDATE inquiry SET waiting_until = now() - interval '1 second' WHERE id = %s", thing.id)
        thing.waiting = False

    def decide(self, thing: Thing, name: str, verdict: str, result: dict[str, Any]) -> None:
        thing.decided_by, thing.verdict, thing.holder, thing.waiting = name, verdict, None, False
        self.changed(thing, "decided")
        self.check_shown(thing, result[thing.type])

    @precondition(lambda self: any(thing.holder for thing in self.order))
    @rule()
    def a_lease_runs_out(self) -> None:
        thing = self.luck.choice([thing for thing in self.order if thing.holder])
        self.desk.sql(f"UPDATE {thing.type} SET claimed_until = now() - interval '1 second' WHERE id = %s", thing.id)
        thing.holder = None

    def become(self, name: str, role: Role, level: int) -> None:
        """Another role and level; claims on what they do not decide end with the change."""
        known = len(self.desk.changes)
        self.desk.done(self.root, "change_operator", id=self.staff[name].id, role=role.value, level=level)
        self.clerks[name].role, self.clerks[name].level = role.value, level
        self.let_go(name, [it for it in self.order if it.type not in TYPES[role.value] or it.level > level], known)

    def let_go(self, name: str, things: list[Thing], known: int) -> None:
        """The claims on these things that somebody holds have ended; ``known`` changes were told before."""
        ended = [thing for thing in things if thing.holder == name]
        for thing in ended:
            thing.holder = None
            thing.version += 1
        told = {(it["event"], it["item"]["type"], it["item"]["id"]): it for it in self.desk.changes[known:]}
        assert told.keys() == {("released", thing.type, thing.id) for thing in ended}
        for thing in ended:
            self.check_shown(thing, dict(told["released", thing.type, thing.id]["item"]))
        self.changes += len(ended)
        self.audited += len(ended)

    @rule(name=names)
    def somebody_is_away_for_a_while(self, name: str) -> None:
        """Disabled, with an end of all claims, and enabled again."""
        known = len(self.desk.changes)
        self.desk.done(self.root, "disable_operator", id=self.staff[name].id)
        self.let_go(name, self.order, known)
        assert self.desk.refused(self.staff[name], "list_queue")[0] == "operator_disabled"
        self.desk.done(self.root, "enable_operator", id=self.staff[name].id)
        (row,) = self.desk.sql("INSERT INTO session (operator_id) VALUES (%s) RETURNING id::text", self.staff[name].id)
        self.staff[name] = Staff(self.staff[name].id, name, row["id"])

    @rule(level=levels)
    def somebody_moves(self, level: int) -> None:
        """Promotions and demotions; now and then an author comes to decide such items, and another one is Admin."""
        clerk = self.luck.choice(list(self.clerks.values()))
        self.become(clerk.name, Role(clerk.role), level)
        waiting = [thing for thing in self.order if not thing.decided_by]
        if waiting and self.luck.random() < 0.2:
            thing = self.luck.choice(waiting)
            self.become(clerk.name, Role.ADMIN, 1)
            self.become(thing.creator, Role.SERVICE if thing.type == "inquiry" else Role.COMPLIANCE, 3)

    @rule(name=names, mine=st.booleans(), limit=st.integers(1, 3))
    def list_all(self, name: str, mine: bool, limit: int) -> None:
        clerk = self.clerks[name]
        data: dict[str, Any] = {"limit": limit, **({"claimed_by_me": True} if mine else {})}
        if not TYPES[clerk.role]:
            assert self.desk.refused(self.staff[name], "list_tasks", **data) == ("not_permitted", {})
            return
        suited = [thing for thing in self.order for it in [self.suited(clerk, thing.type)] if thing in it]
        expected = [thing for thing in suited if thing.type in TYPES[clerk.role] and (not mine or thing.holder == name)]
        listed: list[dict[str, Any]] = []
        while True:
            page = self.desk.done(self.staff[name], "list_tasks", **data)
            listed += page["items"]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == limit
            data["cursor"] = page["next_cursor"]
        assert [(item["type"], item["id"]) for item in listed] == [(thing.type, thing.id) for thing in expected]
        for thing, item in zip(expected, listed, strict=True):
            self.check_shown(thing, item)

    @invariant()
    def one_event_a_change_and_an_audit_row_unless_a_claim_is_renewed(self) -> None:
        (row,) = self.desk.sql("SELECT count(*) AS n FROM audit WHERE entity <> 'operator'")
        assert (row["n"], len(self.desk.changes)) == (self.audited, self.changes)

    # What remains

    def check_audit(self) -> None:
        """The audit alone, read in order, ends with what the tables hold."""
        replayed: dict[tuple[str, int], dict[str, Any]] = {}
        for entry in self.desk.sql("SELECT * FROM audit WHERE entity NOT IN ('customer', 'operator') ORDER BY id"):
            key = entry["entity"], entry["entity_id"]
            before = replayed.get(key)
            assert (before is None) == (entry["before"] is None) == (entry["event"] == "created")
            if before is not None:
                assert as_held(entry["before"], before) in possibly_lapsed(before)
            replayed[key] = entry["after"]
        assert replayed.keys() == self.things.keys()
        for (item_type, item_id), after in replayed.items():
            thing = self.things[item_type, item_id]
            shown = self.desk.done(self.staff["Bob"], f"get_{item_type}", id=item_id)[item_type]
            self.check_shown(thing, shown)
            assert as_held(shown, after) in possibly_lapsed(after)
            if item_type == "inquiry":
                assert self.answers(item_id) == thing.answers

    def answers(self, item_id: int) -> list[str]:
        answers = "SELECT answer FROM inquiry_answer WHERE inquiry_id = %s AND NOT from_customer ORDER BY id"
        rows = self.desk.sql(answers, item_id)
        return [row["answer"] for row in rows]


def as_held(state: dict[str, Any], audited: dict[str, Any]) -> dict[str, Any]:
    """The state with the end of its claim as it was audited: a claim that is renewed later ends later."""
    if state["claimed_by"] is None or state["claimed_until"] < (audited["claimed_until"] or ""):
        return state
    return {**state, "claimed_until": audited["claimed_until"]}


def possibly_lapsed(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The state as it was audited, and as it reads when a claim or a time has run out, which is no change."""
    notes = {"reply", "escalation_reason"}
    audited = {name: value for name, value in state.items() if name not in notes}
    free = {"claimed_by": None, "claimed_by_id": None, "claimed_until": None}
    attended = {"waiting": False, "waiting_until": None} if "waiting" in audited else {}
    return [state, audited, audited | free, audited | attended, audited | free | attended]


@pytest.mark.timeout(400)
def test_every_way_through_the_rules_ends_where_the_model_does(postgres: str, migrated_template: str) -> None:
    walk = type("Walk", (Walk,), {"server": postgres, "template": migrated_template})
    run_state_machine_as_test(walk, settings=FEW)
