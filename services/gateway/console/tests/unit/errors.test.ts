/** What the reader is told of a refused request. */
import { expect, test } from 'vitest';
import { Refused } from '../../src/api/client';
import type { Problem } from '../../src/api/types';
import { explain } from '../../src/ui/errors';

const problem = (errors: Problem['errors']) => ({ detail: 'The request has faults; see errors.', errors }) as Problem;

test('a refused request names each of its faults', () => {
  const faults = [
    { path: 'task.data.level', message: 'must be at most 9' },
    { path: 'task.data.reason', message: 'must not be blank' },
  ];
  expect(explain(new Refused(problem(faults), 0))).toBe('level must be at most 9; reason must not be blank');
});

test('one without faults is told by its sentence', () => {
  expect(explain(new Refused(problem([]), 0))).toBe('The request has faults; see errors.');
});
