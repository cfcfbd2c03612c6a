"""What is remembered of identities."""

from typing import Any

import pytest

from services.contracts.errors import Refusal
from services.contracts.tokens import presented_hash
from services.gateway.identities import Identities
from tests.unit.fakes import FakeService
from tests.unit.gateway.stage import ALICE, DAVE, Stage, refused


def test_an_identity_is_kept_for_20_seconds() -> None:
    now = [100.0]
    users = FakeService(identify=lambda digest: ALICE)
    identities = Identities(users, clock=lambda: now[0])
    identities.logged_in("h")
    now[0] += 19.9
    identities.logged_in("h")
    assert len(users.calls) == 1
    now[0] += 0.2
    identities.logged_in("h")
    assert len(users.calls) == 2


def test_neither_refusals_nor_the_lack_of_a_session_are_kept() -> None:
    answers: list[Any] = [Refusal("not_authenticated"), DAVE, {**DAVE, "session": "s"}]

    def identify(digest: str) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    identities = Identities(FakeService(identify=identify))
    with pytest.raises(Refusal, match="not_authenticated"):
        identities.logged_in("h")
    with pytest.raises(Refusal, match="login_required"):
        identities.logged_in("h")
    assert identities.logged_in("h")["session"] == "s"


def test_a_change_of_the_operator_or_of_all_drops_the_identity(stage: Stage) -> None:
    stage.submit()
    stage.gateway.operators_changed([{"id": 2, "ended": True}])
    stage.submit()
    assert len(stage.users.called("identify")) == 1
    stage.gateway.operators_changed([{"id": 1, "ended": True}])
    stage.submit()
    assert len(stage.users.called("identify")) == 2
    stage.gateway.operators_changed([{"id": 0, "ended": False}])
    stage.submit()
    assert len(stage.users.called("identify")) == 3


def test_a_disabled_operator_is_not_authenticated_after_the_event(stage: Stage) -> None:
    assert stage.submit().status_code == 202
    del stage.identities[presented_hash("12qw")]
    stage.gateway.operators_changed([{"id": 1, "ended": True}])
    assert refused(stage.submit()) == (401, "not_authenticated")


def test_a_broker_that_came_back_drops_all(stage: Stage) -> None:
    stage.submit()
    stage.gateway.connected()
    stage.submit()
    assert len(stage.users.called("identify")) == 2
