"""Seals over the audit: what was changed, removed or inserted behind the database's back no longer fits them.

To chain each row to the one before it would make all writers wait for each other. So rows are sealed afterwards, in
batches: a seal lists its rows by number and is a digest over them and over the seal before. Numbers are drawn before
their rows commit, so some have no row yet. A seal lists those too, as awaited, until every transaction that was running
then has ended (``pg_snapshot_xmin``); from then on a row with such a number was inserted afterwards.

Numbers outlive a restore into another server; transaction ids begin anew there, so they are compared within one only.
"""

from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Row, Transaction

MOST_ROWS = 10_000
"""In one seal, so that neither making nor checking one takes long."""

MARK_BYTES = 8
"""Of each row's digest, kept in the seal so that a row that was changed can be named."""

_LOCK = 0x7365616C73

# Rows are read by their numbers, a few of many. ``OFFSET 0`` below and these keep the planner, which may have no
# statistics yet, from reading the whole audit for them.
_SETTINGS = "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"

# The order matters. Whatever ended below the horizon drew its number before ``drawn`` is read; whoever drew one by then
# has a lower transaction id than this transaction, which takes its own only with the seal.
_NOW = """
SELECT pg_try_advisory_xact_lock(%s) AS mine, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_id_seq) AS drawn,
    (SELECT system_identifier::text FROM pg_control_system()) AS cluster
"""

_LAST = """
SELECT id, cluster, horizon::text AS horizon, drawn, awaited::text AS awaited, digest
FROM audit_seal ORDER BY id DESC LIMIT 1
"""
NONE: Row = {"id": 0, "cluster": "", "horizon": "0", "drawn": 0, "awaited": "{}", "digest": ""}
"""What stands before the first seal."""

_ENDED = """
SELECT drawn FROM audit_seal WHERE cluster = %s AND next <= %s::xid8 ORDER BY id DESC LIMIT 1
"""

ROW_DIGEST = """sha256(convert_to(json_build_array(
    audit.id, extract(epoch FROM audit.at), audit.operator_id, audit.actor, audit.task_id, audit.entity,
    audit.entity_id, audit.event, audit.before IS NULL, audit.before, audit.after IS NULL, audit.after,
    audit.transaction::text)::text, 'UTF8'))"""
"""Of one row, in SQL; the text is the same whatever the session's settings. SQL's NULL is not JSON's null."""

SEAL_DIGEST = """encode(sha256(convert_to(json_build_array(
    seal.id, extract(epoch FROM seal.at), seal.cluster, seal.horizon::text, seal.next::text, seal.drawn,
    seal.ids::text, seal.awaited::text, seal.rows, seal.previous)::text, 'UTF8') || {digests}), 'hex')"""
"""Of a ``seal``, in SQL; ``digests`` are those of its rows, one after the other, in the order of their numbers."""

_SEAL = f"""
WITH chosen AS (
    (SELECT id FROM audit WHERE id > %(last_drawn)s AND id <= %(drawn)s ORDER BY id LIMIT %(most)s)
    UNION ALL
    (SELECT late.id FROM unnest(%(last_awaited)s::int8multirange) AS part CROSS JOIN LATERAL (
        SELECT id FROM audit WHERE id >= lower(part) AND id < upper(part) OFFSET 0) AS late
        ORDER BY id LIMIT %(most)s)
    ORDER BY id LIMIT %(most)s
), found AS (
    SELECT chosen.id, digest FROM chosen
    CROSS JOIN LATERAL (SELECT {ROW_DIGEST} AS digest FROM audit WHERE audit.id = chosen.id OFFSET 0) AS row
), batch AS (
    SELECT count(*) AS rows, max(id) AS highest, range_agg(int8range(id, id, '[]')) AS ids,
        string_agg(digest, '' ORDER BY id) AS digests,
        string_agg(substr(digest, 1, {MARK_BYTES}), '' ORDER BY id) AS marks
    FROM found
), reach AS (
    SELECT *, rows < %(most)s AS whole,
        CASE WHEN rows < %(most)s THEN %(drawn)s::bigint ELSE greatest(highest, %(last_drawn)s::bigint) END AS drawn,
        CASE WHEN rows < %(most)s THEN %(ended)s::bigint ELSE least(highest, %(ended)s::bigint) END AS ended
    FROM batch
), seal AS (
    SELECT %(id)s::bigint AS id, statement_timestamp() AS at, %(cluster)s::text AS cluster,
        CASE WHEN whole THEN %(horizon)s::xid8 ELSE %(last_horizon)s::xid8 END AS horizon,
        pg_current_xact_id() AS next, drawn, ids,
        %(last_awaited)s::int8multirange + int8multirange(int8range(%(last_drawn)s::bigint, drawn, '(]'))
            - ids - int8multirange(int8range(NULL, ended, '(]')) AS awaited,
        rows, marks, %(previous)s::text AS previous, digests
    FROM reach WHERE rows > 0
)
INSERT INTO audit_seal (id, at, cluster, horizon, next, drawn, ids, awaited, rows, marks, previous, digest)
SELECT id, at, cluster, horizon, next, drawn, ids, awaited, rows, marks, previous,
    {SEAL_DIGEST.format(digests="digests")}
FROM seal
RETURNING rows
"""  # noqa: S608 - no values


def seal_all(pool: Pool) -> int:
    """Seal what has committed and is not sealed yet, a transaction a seal; how many rows.

    Does nothing while another replica is at it. Raises ``DatabaseUnavailable`` and ``Conflict``; repeat it then.
    """
    total = 0
    while True:
        with pool.transaction() as tx:
            rows = seal(tx)
        total += rows
        if rows < MOST_ROWS:
            return total


def seal(tx: Transaction, most: int = MOST_ROWS) -> int:
    """Make one seal, in a transaction of its own, over at most so many rows; how many they are.

    0 also while another replica does it.
    """
    tx.execute(_SETTINGS)
    now = tx.query(_NOW, (_LOCK,))[0]
    if not now["mine"]:
        return 0
    last = tx.one(_LAST) or NONE
    row = tx.one(_SEAL, _reach(tx, now, last) | {"most": most})
    return int(row["rows"]) if row else 0


def _reach(tx: Transaction, now: Row, last: Row) -> Row:
    """What the next seal continues, and up to which number everything that has no row by now never will."""
    if last["cluster"] == now["cluster"]:
        ended = (tx.one(_ENDED, (now["cluster"], now["horizon"])) or NONE)["drawn"]
        horizon = last["horizon"]
    else:
        # Restored, into another server: no transaction of the old one runs any more.
        ended, horizon = last["drawn"], "0"
    return {
        "id": last["id"] + 1,
        "cluster": now["cluster"],
        "horizon": now["horizon"],
        "drawn": max(now["drawn"], last["drawn"]),
        "ended": ended,
        "last_drawn": last["drawn"],
        "last_awaited": last["awaited"],
        "last_horizon": horizon,
        "previous": last["digest"],
    }
