-- Seals that list their rows by number, so that they hold in whichever server the database is restored.
-- depends: 0003.grants

-- Those made so far said what they cover by transaction ids, which begin anew in another server. Nothing could export
-- or verify them yet; every row is sealed anew.
DROP TABLE audit_seal;
DROP INDEX audit_in_order;

-- cluster: the PostgreSQL server (its system identifier), to which the transaction ids below belong
-- horizon: every row of a transaction below it is in this seal or an earlier one
-- next:    the seal's own transaction; whoever drew a number up to drawn has a lower id
-- drawn:   every row with a number up to it is in this seal, in an earlier one, or may still come: see awaited
-- ids:     the rows in this seal, by number
-- awaited: the numbers up to drawn whose transactions were perhaps running
-- marks:   the first 8 bytes of each row's digest, in the order of ids, so that a changed row can be named
-- digest:  over all of this, the whole digests of the rows, and the digest of the seal before
CREATE TABLE audit_seal (
    id bigint PRIMARY KEY CHECK (id >= 1),
    at timestamptz NOT NULL,
    cluster text NOT NULL,
    horizon xid8 NOT NULL,
    next xid8 NOT NULL,
    drawn bigint NOT NULL,
    ids int8multirange NOT NULL,
    awaited int8multirange NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 1),
    marks bytea NOT NULL,
    previous text NOT NULL,
    digest text NOT NULL
);
ALTER TABLE audit_seal ALTER COLUMN marks SET STORAGE EXTERNAL;

CREATE TRIGGER audit_seals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER audit_seals_stay;

-- A number is drawn by a transaction that already has its id. Otherwise one could be taken for that of a transaction
-- which has ended, and its row, when it comes, for one that was inserted afterwards.
CREATE FUNCTION begin_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_current_xact_id();
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_numbers_follow BEFORE INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION begin_transaction();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_numbers_follow;

-- The services state what they did; number, time and transaction are the database's own.
REVOKE INSERT ON audit FROM backoffice_app;
GRANT INSERT (operator_id, actor, task_id, entity, entity_id, event, before, after) ON audit TO backoffice_app;
GRANT SELECT ON SEQUENCE audit_id_seq TO backoffice_app;
GRANT SELECT, INSERT ON audit_seal TO backoffice_app;
