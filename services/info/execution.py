"""Executing what ``tasks`` requests, in rounds: what has committed is told before what has to be repeated."""

import logging
import time
from collections.abc import Iterator, Sequence

from services.contracts.tasks import Operation
from services.info.admission import touch
from services.info.batch import Round, Rules, execute
from services.info.dead_letters import at_least
from services.info.reading import execute_read
from services.info.requests import Asked, read
from services.runtime import crash_points
from services.runtime.pauses import Pauses
from services.runtime.postgres.database import Conflict, DatabaseUnavailable, Pool

log = logging.getLogger(__name__)

ATTEMPTS = 8
"""How often a task that meets a conflict is tried alone, over some seconds, before the batch is held."""


class Executor:
    """Executes tasks: those that change something in one transaction a batch, one that only reads by itself."""

    def __init__(self, pool: Pool, rules: Rules) -> None:
        self._pool = pool
        self._rules = rules

    def run(self, operations: Sequence[Operation]) -> Iterator[Round]:
        """Execute a batch; each round that comes out has committed and is to be published.

        A batch that meets a conflict or a fault is rolled back, and its tasks are repeated one by one. Raises
        ``DatabaseUnavailable``, or ``Conflict`` when one lasts, for the whole to be repeated later, and the first
        fault of a single task when all others have ended. To repeat what has committed does nothing but tell it again.
        """
        faults: list[Exception] = []
        for asked in self._parts(list(_readable(operations, faults))):
            try:
                yield self._execute(asked)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the one task that caused it is found below
                log.warning("a batch of %d is repeated one by one: %s", len(asked), type(error).__name__)
                yield from self._one_by_one(asked, faults)
        if faults:
            raise faults[0]

    def _one_by_one(self, asked: Sequence[Asked], faults: list[Exception]) -> Iterator[Round]:
        pauses = Pauses(0.05, 1.0)
        left = list(asked)
        for attempt in range(1, ATTEMPTS + 1):
            conflicting: list[Asked] = []
            for entry in left:
                try:
                    yield self._execute([entry])
                except Conflict:
                    conflicting.append(entry)
                except DatabaseUnavailable:
                    raise
                except Exception as error:
                    log.exception("task %s fails", entry.request.id if entry.request else None)
                    if entry.dead_letter is None or (kept := self._keep_what_can_be(entry)) is None:
                        faults.append(error)
                    else:
                        yield kept
            if not conflicting:
                return
            if attempt == ATTEMPTS:
                raise Conflict
            left = conflicting
            time.sleep(pauses.next())

    def _keep_what_can_be(self, entry: Asked) -> Round | None:
        """Recording a failure must not fail for the reason of the failure."""
        try:
            return self._execute([at_least(entry)])
        except (Conflict, DatabaseUnavailable):
            raise
        except Exception:
            log.exception("a dead letter cannot be kept at all")
            return None

    def _execute(self, asked: Sequence[Asked]) -> Round:
        done = self._read(asked[0]) if self._reads(asked[0]) else self._batch(asked)
        crash_points.reached("info.committed")
        if done.sessions:
            with self._pool.transaction() as tx:
                touch(tx, done.sessions)
        return done

    def _batch(self, asked: Sequence[Asked]) -> Round:
        with self._pool.transaction() as tx:
            done = execute(tx, asked, self._rules)
            crash_points.reached("info.executed")
        return done

    def _read(self, asked: Asked) -> Round:
        assert asked.request is not None
        return execute_read(self._pool, asked.request, self._rules)

    def _reads(self, asked: Asked) -> bool:
        request = asked.request
        if request is None or request.refusal or asked.dead_letter:
            return False
        operation = self._rules.operations.get(request.action)
        return operation is not None and operation.action.reads

    def _parts(self, asked: Sequence[Asked]) -> Iterator[list[Asked]]:
        """Parts in which no task comes twice, since the second of two has to find the outcome of the first, and in
        which a task that only reads is alone."""
        part: list[Asked] = []
        seen: set[str] = set()
        for entry in asked:
            task_id = entry.request.id if entry.request else None
            if part and (task_id in seen or self._reads(entry) or self._reads(part[0])):
                yield part
                part, seen = [], set()
            part.append(entry)
            if task_id is not None:
                seen.add(task_id)
        if part:
            yield part


def _readable(operations: Sequence[Operation], faults: list[Exception]) -> Iterator[Asked]:
    for operation in operations:
        try:
            yield read(operation)
        except ValueError as error:
            faults.append(error)
