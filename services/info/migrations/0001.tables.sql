-- The whole schema. Times are statement_timestamp(): a batch is one long transaction, and now() would be its start.

CREATE TABLE operator (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('Admin', 'Compliance', 'Service')),
    level bigint NOT NULL DEFAULT 1 CHECK (level >= 1),
    token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp()
);

CREATE TABLE session (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    operator_id bigint NOT NULL REFERENCES operator,
    opened_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    last_used_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    ended_at timestamptz
);

-- An operator has at most one open session.
CREATE UNIQUE INDEX session_open ON session (operator_id) WHERE ended_at IS NULL;

CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    created_by bigint NOT NULL REFERENCES operator
);

-- The three item tables share their first columns and their constraints: a claim has a holder and an end or neither,
-- a decided item has a decider, who is not its creator, and no claim.

CREATE TABLE document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cid bigint NOT NULL REFERENCES customer,
    level bigint NOT NULL DEFAULT 1 CHECK (level >= 1),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    version bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    created_by bigint NOT NULL REFERENCES operator,
    claimed_by bigint REFERENCES operator,
    claimed_until timestamptz,
    decided_by bigint REFERENCES operator,
    decided_at timestamptz,
    content text NOT NULL,
    reason text,
    CONSTRAINT document_claim CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CONSTRAINT document_decision CHECK (
        (status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)
        AND (decided_by IS NULL OR claimed_by IS NULL)
    ),
    CONSTRAINT document_four_eyes CHECK (decided_by <> created_by)
);

CREATE TABLE transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cid bigint NOT NULL REFERENCES customer,
    level bigint NOT NULL DEFAULT 1 CHECK (level >= 1),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    version bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    created_by bigint NOT NULL REFERENCES operator,
    claimed_by bigint REFERENCES operator,
    claimed_until timestamptz,
    decided_by bigint REFERENCES operator,
    decided_at timestamptz,
    amount numeric(20, 2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    reason text,
    CONSTRAINT transfer_claim CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CONSTRAINT transfer_decision CHECK (
        (status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)
        AND (decided_by IS NULL OR claimed_by IS NULL)
    ),
    CONSTRAINT transfer_four_eyes CHECK (decided_by <> created_by)
);

CREATE TABLE inquiry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cid bigint NOT NULL REFERENCES customer,
    level bigint NOT NULL DEFAULT 1 CHECK (level >= 1),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    version bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    created_by bigint NOT NULL REFERENCES operator,
    claimed_by bigint REFERENCES operator,
    claimed_until timestamptz,
    decided_by bigint REFERENCES operator,
    decided_at timestamptz,
    problem text NOT NULL,
    answer text,
    closed boolean NOT NULL DEFAULT false,
    CONSTRAINT inquiry_closed CHECK (closed = (status = 'closed')),
    CONSTRAINT inquiry_claim CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CONSTRAINT inquiry_decision CHECK (
        (status = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)
        AND (decided_by IS NULL OR claimed_by IS NULL)
    ),
    CONSTRAINT inquiry_four_eyes CHECK (decided_by <> created_by)
);

CREATE TABLE inquiry_answer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inquiry_id bigint NOT NULL REFERENCES inquiry,
    answer text NOT NULL,
    answered_by bigint NOT NULL REFERENCES operator,
    answered_at timestamptz NOT NULL DEFAULT statement_timestamp()
);

CREATE INDEX inquiry_answer_of ON inquiry_answer (inquiry_id, id);

-- The oldest pending item that suits a level: read in order, the level compared inside the index.
CREATE INDEX document_pending ON document (created_at, id, level) WHERE status = 'pending';
CREATE INDEX transfer_pending ON transfer (created_at, id, level) WHERE status = 'pending';
CREATE INDEX inquiry_pending ON inquiry (created_at, id, level) WHERE status = 'open';

-- The claims that an operator holds.
CREATE INDEX document_claimed ON document (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX transfer_claimed ON transfer (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX inquiry_claimed ON inquiry (claimed_by) WHERE claimed_by IS NOT NULL;

-- A task and its outcome. The operator's id is no foreign key: a task that names nobody has to end too. The name and
-- the role are those at its end. The json columns keep the text as it was first said, so that a repetition is identical.
CREATE TABLE task (
    id uuid PRIMARY KEY,
    action text NOT NULL,
    data json NOT NULL,
    operator_id bigint NOT NULL,
    session_id uuid,
    submitted_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    replay_of uuid,
    status text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'succeeded', 'failed')),
    operator_name text,
    operator_role text,
    result json,
    error json,
    changes json,
    finished_at timestamptz,
    publish_again_at timestamptz,
    published_again bigint NOT NULL DEFAULT 0,
    CONSTRAINT task_outcome CHECK (
        CASE status
            WHEN 'accepted' THEN result IS NULL AND error IS NULL AND finished_at IS NULL
            WHEN 'succeeded' THEN result IS NOT NULL AND error IS NULL AND finished_at IS NOT NULL
            ELSE result IS NULL AND error IS NOT NULL AND finished_at IS NOT NULL
        END
    )
);

CREATE INDEX task_of_operator ON task (operator_id, id);
CREATE INDEX task_finished ON task (operator_id, finished_at, id) WHERE finished_at IS NOT NULL;
CREATE INDEX task_to_publish ON task (publish_again_at) WHERE publish_again_at IS NOT NULL;

CREATE TABLE idempotency_key (
    operator_id bigint NOT NULL,
    key text NOT NULL,
    task_id uuid NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (operator_id, key)
);

-- Who did what: an operator by a task, or an administrator at the command line (actor).
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT statement_timestamp(),
    operator_id bigint,
    actor text,
    task_id uuid,
    entity text NOT NULL,
    entity_id bigint NOT NULL,
    event text NOT NULL,
    before jsonb,
    after jsonb,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT audit_who CHECK (operator_id IS NOT NULL OR actor IS NOT NULL)
);

CREATE INDEX audit_of_entity ON audit (entity, entity_id, id);
CREATE INDEX audit_in_order ON audit (transaction, id);

-- A seal covers every audit row of the transactions from below the previous seal's horizon to its own, and the
-- previous seal, so that a row changed behind the database's back shows.
CREATE TABLE audit_seal (
    id bigint PRIMARY KEY CHECK (id >= 1),
    at timestamptz NOT NULL DEFAULT statement_timestamp(),
    horizon xid8 NOT NULL,
    rows bigint NOT NULL,
    digest text NOT NULL
);

-- Messages that were set aside. The same message is kept once, however often it is told.
CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT statement_timestamp(),
    queue text NOT NULL,
    reason text NOT NULL,
    body text NOT NULL,
    encoding text NOT NULL CHECK (encoding IN ('utf-8', 'base64')),
    task_id uuid,
    digest text NOT NULL UNIQUE,
    replayed_as uuid,
    replayed_at timestamptz
);
