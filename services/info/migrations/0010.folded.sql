-- Texts as they are searched (services/info/folding.py), beside what they were made of: the functions of a database know
-- the letters of its own locale alone, in C those of ASCII. They are computed in Python: those of existing rows by a step
-- of `backoffice migrate` after this one, those of rows that a service of the release before adds by a timer of info.
-- depends: 0008.names 0009.levels_and_claims

ALTER TABLE operator ADD COLUMN folded text;
ALTER TABLE customer ADD COLUMN folded text;
ALTER TABLE item_text ADD COLUMN folded text;
ALTER TABLE inquiry_answer ADD COLUMN folded text;

-- What is not folded yet.
CREATE INDEX customer_unfolded ON customer (id) WHERE folded IS NULL;
CREATE INDEX item_text_unfolded ON item_text (type, id) WHERE folded IS NULL;
CREATE INDEX inquiry_answer_unfolded ON inquiry_answer (id) WHERE folded IS NULL;

-- A service of this release inserts the row itself, with the folded text.
CREATE OR REPLACE FUNCTION keep_item_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_text (type, id, text) VALUES (TG_TABLE_NAME, NEW.id, to_jsonb(NEW) ->> TG_ARGV[0])
    ON CONFLICT (type, id) DO NOTHING;
    RETURN NULL;
END
$$;

-- Where there is no pg_trgm, searches read all texts, as before. The indexes on the texts themselves are those of the
-- release before, and go with the next one. The pending lists are short, because the transaction that fills one moves all of
-- it into the index: with the usual 4 MB, one task in twenty with a long text took a second or two.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX item_text_folded ON item_text USING gin (folded gin_trgm_ops) WITH (gin_pending_list_limit = 256);
        CREATE INDEX inquiry_answer_folded ON inquiry_answer USING gin (folded gin_trgm_ops) WITH (gin_pending_list_limit = 256);
        CREATE INDEX customer_folded ON customer USING gin (folded gin_trgm_ops) WITH (gin_pending_list_limit = 256);
        ALTER INDEX item_text_part SET (gin_pending_list_limit = 256);
        ALTER INDEX inquiry_answer_part SET (gin_pending_list_limit = 256);
        ALTER INDEX customer_name_part SET (gin_pending_list_limit = 256);
    END IF;
END
$$;

GRANT UPDATE (folded) ON operator, customer, item_text, inquiry_answer TO backoffice_app;
