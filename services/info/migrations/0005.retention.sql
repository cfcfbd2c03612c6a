-- Finished tasks are deleted when their retention has ended. Audit rows stay.
-- depends: 0003.grants

CREATE INDEX idempotency_key_of_task ON idempotency_key (task_id);

-- The role of info may delete nothing; this is all that it may have deleted. A task goes only when its id, which holds
-- the time of submission, and its outcome are both older than that: an id of the time of retention may come again, and
-- then has to be found. The day more is for clocks that differ. A task whose dead letter may be replayed stays.
CREATE FUNCTION delete_finished_tasks(days integer, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH horizon AS (
        SELECT statement_timestamp() - (greatest(days, 7) + 1) * interval '1 day' AS moment
    ), old AS (
        SELECT task.id FROM task, horizon
        WHERE task.id < rpad(lpad(to_hex((extract(epoch FROM horizon.moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
            AND task.status <> 'accepted' AND task.finished_at < horizon.moment
            AND NOT EXISTS (SELECT FROM dead_letter WHERE dead_letter.task_id = task.id AND replayed_at IS NULL)
        ORDER BY task.id LIMIT least(most, 1000) FOR UPDATE OF task SKIP LOCKED
    ), keys AS (
        DELETE FROM idempotency_key USING old WHERE idempotency_key.task_id = old.id
    ), gone AS (
        DELETE FROM task USING old WHERE task.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

REVOKE EXECUTE ON FUNCTION delete_finished_tasks(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_finished_tasks(integer, integer) TO backoffice_app;
