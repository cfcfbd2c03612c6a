"""The dashboard and the alert rules against the catalogue of metrics, and the runbook against the alert rules."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from services.contracts.metrics import METRICS
from tests.monitoring import ALERTS, DASHBOARD, ROOT, alerts, dashboard_expressions, metrics_of, promtool

OF_PROCESSES = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
OPERATING = ROOT / "docs" / "operating.md"


def test_every_metric_that_is_named_is_in_the_catalogue_and_every_one_of_the_catalogue_is_shown() -> None:
    known = {sample for metric in METRICS for sample in metric.samples}
    shown = {name for expression in dashboard_expressions() for name in metrics_of(expression)}
    watched = {name for rule in alerts() for name in metrics_of(rule["expr"])}
    assert (shown | watched) - OF_PROCESSES <= known
    assert [metric.name for metric in METRICS if not set(metric.samples) & (shown | watched)] == []


def test_metrics_are_found_in_an_expression() -> None:
    expression = 'histogram_quantile(0.9, sum by (le) (rate(a_bucket{x="b_c"}[5m]))) > 1e3 and on (d) max(e:f) unless g'
    assert metrics_of(expression) == {"a_bucket", "e:f", "g"}


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    headings = re.findall(r"^### (Backoffice\w+)$", OPERATING.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in alerts())
    for rule in alerts():
        assert rule["annotations"]["runbook_url"] == f"docs/operating.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_the_dashboards_panels_do_not_overlap_and_have_titles() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [
        (column, line)
        for panel in panels
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)


def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    tool = promtool()
    if tool is None:
        pytest.skip("no promtool (Debian's package prometheus has it; scripts/ci-tools fetches it)")
    rules = [
        {"record": f"dashboard:expression:{number}", "expr": expression}
        for number, expression in enumerate(dashboard_expressions())
    ]
    recorded = tmp_path / "dashboard.yaml"
    recorded.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run([tool, "check", "rules", ALERTS, recorded], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    tool = promtool()
    if tool is None:
        pytest.skip("no promtool (Debian's package prometheus has it; scripts/ci-tools fetches it)")
    services = ("gateway", "users", "tasks", "info")
    series = {
        **{f'backoffice_broker_connected{{service="{service}"}}': "1x60" for service in services},
        'backoffice_broker_connected{service="info",instance="second"}': "1x30 0x30",
        'backoffice_tasks_accepted_total{action="get_customer"}': "0+60x60",
        'backoffice_tasks_finished_total{action="get_customer",status="succeeded",code=""}': "0+60x30 1800x30",
        'backoffice_tasks_finished_total{action="login",status="succeeded",code=""}': "0+1x60",
        "backoffice_dead_letters_kept": "0x30 1x30",
        'backoffice_retrying_seconds{work="a batch of info.operations_requested"}': "0x30 0+60x30",
        'backoffice_retrying_seconds{work="info.seal_audit"}': "0x20 60x5 0x35",
    }
    expected: dict[str, list[dict[str, str]]] = {
        "BackofficeBrokerDisconnected": [{"service": "info"}],
        "BackofficeTasksDoNotFinish": [{}],
        "BackofficeDeadLetters": [{}],
        "BackofficeRetriesLong": [{"work": "a batch of info.operations_requested"}],
    }
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": numbers} for name, numbers in series.items()],
                "alert_rule_test": [
                    {"eval_time": "25m", "alertname": rule["alert"], "exp_alerts": []} for rule in alerts()
                ]
                + [
                    {"eval_time": "55m", "alertname": rule["alert"], "exp_alerts": _alerts(rule, expected)}
                    for rule in alerts()
                ],
            }
        ],
    }
    written = tmp_path / "test.yaml"
    written.write_text(yaml.safe_dump(test))
    checked = subprocess.run([tool, "test", "rules", written], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _alerts(rule: dict[str, object], expected: dict[str, list[dict[str, str]]]) -> list[dict[str, object]]:
    labels: dict[str, str] = rule["labels"]  # type: ignore[assignment]
    annotations: dict[str, str] = rule["annotations"]  # type: ignore[assignment]
    return [
        {
            "exp_labels": labels | more,
            "exp_annotations": {
                name: text.replace("{{ $labels.service }}", more.get("service", ""))
                .replace("{{ $labels.work }}", more.get("work", ""))
                .replace("{{ $value | humanizeDuration }}", "24m 0s")
                .replace("{{ $value }}", "1")
                for name, text in annotations.items()
            },
        }
        for more in expected.get(str(rule["alert"]), [])
    ]
