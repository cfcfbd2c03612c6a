-- Keys by which the names of operators are compared, so that nobody can be taken for another. They are computed in
-- Python (services/info/name_keys.py): those of existing rows by a step of `backoffice migrate` after this one, those of
-- rows that a service of the release before adds by a timer of info.
-- depends: 0007.waiting

ALTER TABLE operator ADD COLUMN name_key text, ADD COLUMN name_look text;

-- A row without keys is one whose keys are not computed yet, or would be those of an older operator.
CREATE UNIQUE INDEX operator_key ON operator (name_key);
CREATE UNIQUE INDEX operator_look ON operator (name_look);

GRANT UPDATE (name_key, name_look) ON operator TO backoffice_app;
