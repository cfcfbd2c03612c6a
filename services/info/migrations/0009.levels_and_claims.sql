-- Levels end, and so do claims.
-- depends: 0007.waiting

-- When a claim was taken: it may be renewed for some hours from then on.
ALTER TABLE document ADD COLUMN claimed_at timestamptz;
ALTER TABLE transfer ADD COLUMN claimed_at timestamptz;
ALTER TABLE inquiry ADD COLUMN claimed_at timestamptz;
GRANT UPDATE (claimed_at) ON document, transfer, inquiry TO backoffice_app;

-- Undecided items above level 9 that no enabled operator may decide: nobody could give an operator such a level any more.
-- They get the level 9, or the highest that an enabled operator of the deciding role has if that is higher.
CREATE FUNCTION pg_temp.lower_levels(kind text, undecided text, deciding_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        $sql$
        WITH highest AS (
            SELECT greatest(9, max(level)) AS level FROM operator WHERE active AND role = %L
        ), lowered AS (
            UPDATE %I AS item SET level = highest.level, version = version + 1 FROM highest
            WHERE status = %L AND item.level > highest.level
            RETURNING item.id, item.level, item.version
        )
        INSERT INTO audit (actor, entity, entity_id, event, before, after)
        SELECT 'migration 0009', %L, lowered.id, 'level_lowered', last.after,
            last.after || jsonb_build_object('level', lowered.level, 'version', lowered.version)
        FROM lowered CROSS JOIN LATERAL (
            SELECT after - 'escalation_reason' AS after FROM audit
            WHERE entity = %L AND entity_id = lowered.id ORDER BY id DESC LIMIT 1
        ) AS last
        $sql$, deciding_role, kind, undecided, kind, kind);
END
$$;
DO $$
BEGIN
    PERFORM pg_temp.lower_levels('document', 'pending', 'Compliance');
    PERFORM pg_temp.lower_levels('transfer', 'pending', 'Compliance');
    PERFORM pg_temp.lower_levels('inquiry', 'open', 'Service');
END
$$;
DROP FUNCTION pg_temp.lower_levels(text, text, text);
