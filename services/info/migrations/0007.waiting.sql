-- An inquiry that was answered and left open waits for its customer, and keeps what the customer replied.
-- depends: 0006.console

-- Until when it waits; 'infinity' when nothing but the customer's reply ends that. Null, or in the past: it does not.
ALTER TABLE inquiry ADD COLUMN waiting_until timestamptz;
GRANT UPDATE (waiting_until) ON inquiry TO backoffice_app;

-- The thread of an inquiry in its order: answers of the staff, and replies of the customer, which answered_by recorded.
ALTER TABLE inquiry_answer ADD COLUMN from_customer boolean NOT NULL DEFAULT false;
