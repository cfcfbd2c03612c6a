-- What the database itself refuses or tells, whoever is connected.
-- depends: 0001.tables

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are never changed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER task_outcome_stays BEFORE UPDATE ON task
    FOR EACH ROW WHEN (OLD.status <> 'accepted') EXECUTE FUNCTION refuse_change();

-- ALWAYS: also where session_replication_role would leave triggers out.
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_rows_stay;
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER audit_seals_stay;
ALTER TABLE task ENABLE ALWAYS TRIGGER task_outcome_stays;

CREATE FUNCTION tell_operator_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('operators_changed', json_build_object(
        'id', NEW.id, 'ended', TG_OP = 'UPDATE' AND (NOT NEW.active OR NEW.token_hash <> OLD.token_hash))::text);
    RETURN NULL;
END
$$;

CREATE FUNCTION tell_session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('operators_changed', json_build_object(
        'id', NEW.operator_id, 'ended', NEW.ended_at IS NOT NULL)::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER operator_changed AFTER INSERT OR UPDATE ON operator
    FOR EACH ROW EXECUTE FUNCTION tell_operator_changed();
CREATE TRIGGER session_opened AFTER INSERT ON session
    FOR EACH ROW EXECUTE FUNCTION tell_session_changed();
CREATE TRIGGER session_ended AFTER UPDATE OF ended_at ON session
    FOR EACH ROW WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION tell_session_changed();
