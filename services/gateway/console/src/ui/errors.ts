/** What to tell the reader of an error. */
import { Refused, Unreachable } from '../api/client';
import { Failed, Pending } from '../api/run';
import { Kept } from '../outbox/outbox';
import { format, t } from '../state/language.svelte';
import { session } from '../state/session.svelte';

/** The server's own words where it has some, since they come in the reader's language. */
export function explain(error: unknown): string {
  if (error instanceof Kept) return t('done.kept');
  if (error instanceof Pending) return t('done.pending');
  if (error instanceof Failed) return race(error) ?? error.error.message;
  if (error instanceof Refused) return faultsOf(error) || error.problem.detail;
  return error instanceof Unreachable ? t('error.unreachable') : t('error.unexpected');
}

/** Each fault of a refused request, after the name of its member: the sentence of the whole names none. */
function faultsOf({ problem }: Refused): string {
  return (problem.errors ?? []).map(({ path, message }) => `${path.split('.').at(-1)} ${message}`).join('; ');
}

/** Whether what was asked for is on its way all the same: it is not to be asked for again. */
export function isOnItsWay(error: unknown): boolean {
  return error instanceof Kept || error instanceof Pending;
}

/** When somebody else was quicker: who, kindly. */
export function race(error: unknown): string | null {
  if (!(error instanceof Failed)) return null;
  const params = (error.error.params ?? {}) as Record<string, string | null>;
  if (error.error.code === 'claimed_by_other' && params.claimed_by && params.claimed_until) {
    return t('race.claimed', { name: params.claimed_by, time: format().time(params.claimed_until) });
  }
  if (error.error.code === 'already_decided' && params.decided_by && params.decided_at) {
    const mine = params.decided_by === session()?.operator.name;
    return t(mine ? 'race.decidedByYou' : 'race.decided', { name: params.decided_by, time: format().time(params.decided_at) });
  }
  return error.error.code === 'version_conflict' ? t('race.changed') : null;
}
