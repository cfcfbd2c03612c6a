-- The role that info takes on: what the rules need, and no DELETE at all.
-- depends: 0002.guards

-- Roles belong to the whole server, so another database may be making the same one at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backoffice_app') THEN
        CREATE ROLE backoffice_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

-- A superuser may take on any role; everyone else has to be a member.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND NOT EXISTS (
           SELECT FROM pg_auth_members
           WHERE roleid = 'backoffice_app'::regrole AND member = current_user::regrole AND NOT admin_option)
    THEN
        GRANT backoffice_app TO CURRENT_USER;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO backoffice_app;

GRANT SELECT, INSERT, UPDATE (name, role, level, active, token_hash) ON operator TO backoffice_app;
GRANT SELECT, INSERT, UPDATE (last_used_at, ended_at) ON session TO backoffice_app;
GRANT SELECT, INSERT ON customer, inquiry_answer, idempotency_key, audit, audit_seal TO backoffice_app;
GRANT SELECT, INSERT, UPDATE (level, status, version, claimed_by, claimed_until, decided_by, decided_at, reason)
    ON document, transfer TO backoffice_app;
GRANT SELECT, INSERT,
    UPDATE (level, status, version, claimed_by, claimed_until, decided_by, decided_at, answer, closed)
    ON inquiry TO backoffice_app;
GRANT SELECT, INSERT,
    UPDATE (status, operator_name, operator_role, result, error, changes, finished_at, publish_again_at, published_again)
    ON task TO backoffice_app;
GRANT SELECT, INSERT, UPDATE (replayed_as, replayed_at) ON dead_letter TO backoffice_app;
