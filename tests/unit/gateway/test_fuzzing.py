"""Requests made up from the OpenAPI document: no answer but the documented ones, and none that is our fault."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.contracts.validation import MESSAGES
from tests.unit.gateway.stage import Stage, outcome

STAGE = Stage()
STAGE.answer_published(lambda task: outcome(task["id"]))  # so that no made-up ``Prefer: wait`` waits in vain
STAGE.tasks.methods["task_of"] = lambda operator_id, task_id: outcome(task_id)
STAGE.tasks.methods["accept"] = lambda task, key, fingerprint: {"id": new_task_id(), "submitted_at": now_text()}
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", STAGE.app)

NOT_IN_A_SCHEMA = (
    "places",
    "currency_missing",
    "id_and_filters",
    "until_closed",
    "ahead",
    "too_many_bytes",
    "character",
    "blank",
)
"""Kinds of faults that depend on several members, on the time, on bytes, or on the categories of characters."""
_SENTENCES = [re.sub(r"\\\{\w+\\\}", ".+", re.escape(MESSAGES[kind])) for kind in NOT_IN_A_SCHEMA]


@pytest.mark.timeout(300)
@schema.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_documented_one(case: Any) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("token"), str):
        case.body["token"] = "12qw"
    headers = {"Authorization": "Bearer 12qw", "Accept-Language": "en"}
    response = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
    if case.meta.generation.mode.is_positive and response.status_code == 422:
        faults = [fault["message"] for fault in response.json()["errors"]]
        assert faults
        assert [each for each in faults if not re.fullmatch("|".join(_SENTENCES), each)] == []
