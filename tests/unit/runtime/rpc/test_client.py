"""What a caller makes of another service's answers."""

from typing import Any

import pytest

from services.contracts.errors import Refusal
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RemoteFailure, RemoteUnavailable, ServiceClient


class FakeReplies:
    """Every call is answered with the same error."""

    def __init__(self, error: Any) -> None:
        self.error = error

    def call(self, *call: Any) -> Any:
        return {"result": None, "error": self.error}


def ask(error: Any) -> Any:
    return ServiceClient(FakeReplies(error), "info", [], 1.0).call("record")  # type: ignore[arg-type]


def test_a_refusal_comes_back_with_its_code_and_parameters() -> None:
    with pytest.raises(Refusal) as refused:
        ask({"exc_type": "Refusal", "exc_args": ["customer_not_found", {"id": 9}]})
    assert (refused.value.code, refused.value.params) == ("customer_not_found", {"id": 9})


def test_a_service_that_is_unavailable_may_have_carried_out_the_call() -> None:
    with pytest.raises(RemoteUnavailable) as unavailable:
        ask({"exc_type": "Unavailable", "exc_args": []})
    assert isinstance(unavailable.value, Unavailable)
    assert not isinstance(unavailable.value, NotAccepted)


@pytest.mark.parametrize("error", [{"exc_type": "InternalError"}, {}, "nonsense"])
def test_anything_else_is_a_failure_of_the_other_service(error: Any) -> None:
    with pytest.raises(RemoteFailure, match=r"info\.record"):
        ask(error)
