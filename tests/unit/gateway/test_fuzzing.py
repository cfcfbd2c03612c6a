"""Requests made up from the OpenAPI document: no answer but the documented ones, and none that is our fault."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from tests.unit.gateway.stage import Stage, outcome

STAGE = Stage()
STAGE.answer_published(lambda task: outcome(task["id"]))  # so that no made-up ``Prefer: wait`` waits in vain
STAGE.tasks.methods["task_of"] = lambda operator_id, task_id: outcome(task_id)
STAGE.tasks.methods["accept"] = lambda task, key, fingerprint: {"id": new_task_id(), "submitted_at": now_text()}
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", STAGE.app)


@pytest.mark.timeout(300)
@schema.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_documented_one(case: Any) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("token"), str):
        case.body["token"] = "12qw"
    case.call_and_validate(headers={"Authorization": "Bearer 12qw"})
