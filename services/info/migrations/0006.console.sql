-- What searching, counting and looking back need, so that none of it reads a whole table.
-- depends: 0003.grants

-- The text of items apart from them: an item gets new index entries with every claim and decision, its text never does.
CREATE TABLE item_text (
    type text NOT NULL,
    id bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (type, id)
);

CREATE FUNCTION keep_item_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_text (type, id, text) VALUES (TG_TABLE_NAME, NEW.id, to_jsonb(NEW) ->> TG_ARGV[0]);
    RETURN NULL;
END
$$;

CREATE TRIGGER document_text AFTER INSERT ON document FOR EACH ROW EXECUTE FUNCTION keep_item_text('content');
CREATE TRIGGER inquiry_text AFTER INSERT ON inquiry FOR EACH ROW EXECUTE FUNCTION keep_item_text('problem');

INSERT INTO item_text (type, id, text)
SELECT 'document', id, content FROM document UNION ALL SELECT 'inquiry', id, problem FROM inquiry;

-- Parts of words are found fast where the extension may be created, which the owner of a database may; elsewhere by
-- reading all texts.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX item_text_part ON item_text USING gin (text gin_trgm_ops);
    CREATE INDEX inquiry_answer_part ON inquiry_answer USING gin (answer gin_trgm_ops);
    CREATE INDEX customer_name_part ON customer USING gin (name gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
    RAISE NOTICE 'without pg_trgm, searches read all texts';
END
$$;

-- Lists in order, a page at a time.
CREATE INDEX customer_created ON customer (created_at, id);
CREATE INDEX customer_name ON customer (name, id);
CREATE INDEX document_created ON document (created_at, id);
CREATE INDEX transfer_created ON transfer (created_at, id);
CREATE INDEX inquiry_created ON inquiry (created_at, id);
CREATE INDEX transfer_amount ON transfer (amount, id);

-- A customer's items.
CREATE INDEX document_of_customer ON document (cid, created_at, id);
CREATE INDEX transfer_of_customer ON transfer (cid, created_at, id);
CREATE INDEX inquiry_of_customer ON inquiry (cid, created_at, id);

-- What was decided, with all that is counted of it.
CREATE INDEX document_decided ON document (decided_at, id) INCLUDE (status, decided_by, created_at)
    WHERE decided_at IS NOT NULL;
CREATE INDEX transfer_decided ON transfer (decided_at, id) INCLUDE (status, decided_by, created_at)
    WHERE decided_at IS NOT NULL;
CREATE INDEX inquiry_decided ON inquiry (decided_at, id) INCLUDE (status, decided_by, created_at)
    WHERE decided_at IS NOT NULL;

-- What an operator did.
CREATE INDEX audit_by_operator ON audit (operator_id, id) WHERE operator_id IS NOT NULL;

GRANT SELECT, INSERT ON item_text TO backoffice_app;
