"""What must hold in the database after whatever happened: each query answers the rows that break a promise."""

from collections.abc import Sequence
from typing import Any

import psycopg2

LOOKS = "(task.action ~ '^(list|search)_' OR task.action LIKE 'get%' AND task.action <> 'get_task')"
"""The task changes nothing."""

PROMISES: dict[str, str] = {
    "every recorded task has ended": "SELECT id FROM task WHERE status = 'accepted'",
    "a succeeded creation made exactly one thing, which says so": """
        SELECT task.id, count(audit.id) FROM task LEFT JOIN audit ON audit.task_id = task.id AND audit.event = 'created'
        WHERE task.action LIKE 'create%' AND task.status = 'succeeded' GROUP BY task.id HAVING count(audit.id) <> 1""",
    "a succeeded decision has exactly one audit row": """
        SELECT task.id, count(audit.id) FROM task LEFT JOIN audit ON audit.task_id = task.id AND audit.event = 'decided'
        WHERE task.action LIKE 'review%' AND task.status = 'succeeded' GROUP BY task.id HAVING count(audit.id) <> 1""",
    "a failed task has no effect": """
        SELECT task.id FROM task JOIN audit ON audit.task_id = task.id WHERE task.status = 'failed'""",
    "every change belongs to a task that succeeded": """
        SELECT audit.id FROM audit LEFT JOIN task ON task.id = audit.task_id
        WHERE audit.actor IS NULL AND task.status IS DISTINCT FROM 'succeeded'
          AND audit.entity IN ('document', 'transfer', 'inquiry', 'customer')""",
    "no item is decided twice": """
        SELECT entity, entity_id FROM audit WHERE event = 'decided' GROUP BY 1, 2 HAVING count(*) > 1""",
    "each version of an item has its audit row": """
        SELECT item.type, item.id, item.version, count(DISTINCT audit.after->>'version') FROM (
            SELECT 'document' AS type, id, version FROM document UNION ALL
            SELECT 'transfer', id, version FROM transfer UNION ALL
            SELECT 'inquiry', id, version FROM inquiry) AS item
        LEFT JOIN audit ON audit.entity = item.type AND audit.entity_id = item.id
        GROUP BY 1, 2, 3 HAVING count(DISTINCT audit.after->>'version') <> item.version""",
    "the last audit row of an item shows what stands in its table": """
        SELECT item.type, item.id FROM (
            SELECT 'document' AS type, id, version, status, level FROM document UNION ALL
            SELECT 'transfer', id, version, status, level FROM transfer UNION ALL
            SELECT 'inquiry', id, version, status, level FROM inquiry) AS item
        JOIN LATERAL (SELECT after FROM audit WHERE entity = item.type AND entity_id = item.id
                      ORDER BY audit.id DESC LIMIT 1) AS last ON true
        WHERE (last.after->>'version')::bigint <> item.version OR last.after->>'status' <> item.status
           OR (last.after->>'level')::bigint <> item.level""",
    "nobody decided what they had created": """
        SELECT audit.id FROM audit JOIN operator ON operator.id = audit.operator_id
        WHERE audit.event = 'decided' AND audit.after->>'created_by' = operator.name""",
    # Whoever changes an item holds a lock on the operator's row, so the ids of the audit rows are in their true order.
    "nobody decided, claimed or escalated without being allowed to at that time": """
        SELECT audit.id, audit.event, audit.entity, audit.before->>'level' AS level, who.after
        FROM audit JOIN task ON task.id = audit.task_id
        JOIN LATERAL (SELECT after FROM audit AS earlier WHERE earlier.entity = 'operator'
                      AND earlier.entity_id = audit.operator_id AND earlier.id < audit.id AND earlier.after ? 'active'
                      ORDER BY earlier.id DESC LIMIT 1) AS who ON true
        WHERE audit.entity IN ('document', 'transfer', 'inquiry') AND audit.event NOT IN ('created', 'replied') AND (
            NOT (who.after->>'active')::boolean
            OR who.after->>'role' <> CASE audit.entity WHEN 'inquiry' THEN 'Service' ELSE 'Compliance' END
                AND NOT (audit.event = 'released' AND who.after->>'role' = 'Admin')
            OR audit.event <> 'released' AND (audit.before->>'level')::bigint > (who.after->>'level')::bigint)""",
    "nobody changed anything without an open session": """
        SELECT audit.id, audit.event, audit.entity, last.event FROM audit
        JOIN LATERAL (SELECT event FROM audit AS earlier WHERE earlier.entity = 'operator'
                      AND earlier.entity_id = audit.operator_id AND earlier.id < audit.id
                      AND earlier.event IN
                          ('session_opened', 'session_renewed', 'session_ended', 'disabled', 'token_rotated')
                      ORDER BY earlier.id DESC LIMIT 1) AS last ON true
        WHERE audit.entity <> 'operator' AND audit.task_id IS NOT NULL
          AND last.event NOT IN ('session_opened', 'session_renewed')""",
    "an effect is that of the task's own operator": """
        SELECT audit.id FROM audit JOIN task ON task.id = audit.task_id
        WHERE audit.operator_id IS DISTINCT FROM task.operator_id""",
    "a task has at most one effect": """
        SELECT task_id FROM audit WHERE task_id IS NOT NULL GROUP BY task_id
        HAVING count(*) FILTER (WHERE event <> 'released' OR entity = 'operator') > 1
            AND (count(DISTINCT event) < count(*) OR min(entity) <> 'operator')
            OR count(*) > 1 AND bool_and(entity <> 'operator')""",
    "every succeeded change has exactly one audit row": f"""
        SELECT task.id, task.action FROM task LEFT JOIN audit ON audit.task_id = task.id
            AND (audit.event <> 'released' OR task.action = 'release_task')
        WHERE task.status = 'succeeded' AND NOT {LOOKS} AND task.action <> 'change_operator'
        GROUP BY task.id HAVING count(audit.id) > 1 OR count(audit.id) = 0 AND task.action <> 'get_task'""",
    "what only looks has no effect": f"""
        SELECT task.id FROM task JOIN audit ON audit.task_id = task.id
        WHERE {LOOKS}""",
    "an outcome says what the audit says": """
        SELECT task.id FROM task JOIN audit ON audit.task_id = task.id
        WHERE audit.entity IN ('customer', 'document', 'transfer', 'inquiry')
          AND NOT audit.after @> (task.result->audit.entity)::jsonb""",
    "a key belongs to one task": """
        SELECT task_id FROM idempotency_key GROUP BY task_id HAVING count(*) > 1""",
}


def violations(database_url: str) -> dict[str, list[Any]]:
    """The broken promises, with the rows that break them. Empty when all is well."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            found = {}
            for promise, query in PROMISES.items():
                cursor.execute(query)
                rows = cursor.fetchall()
                if rows:
                    found[promise] = rows[:10]
            return found
    finally:
        connection.close()


def unfinished(database_url: str, accepted: Sequence[str]) -> list[str]:
    """Which of the accepted tasks have no outcome."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id::text FROM task WHERE status <> 'accepted'")
            ended = {row[0] for row in cursor.fetchall()}
            return [task_id for task_id in accepted if task_id not in ended]
    finally:
        connection.close()
