/** The WebSocket side of the API: one connection that comes back, misses no outcome and tells none twice. */
import type { Operator, Push, Task } from '../api/types';
import { delay } from './backoff';
import { Seen } from './seen';

export type LiveState = 'connecting' | 'live' | 'waiting' | 'ended';

/** What of a WebSocket is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface LiveOptions {
  open: () => Socket;
  token: string;
  language: () => string;
  onTask: (task: Task) => void;
  onItem: (push: Extract<Push, { type: 'item' }>) => void;
  /** The server listens; `again` when an earlier connection was lost, ready or not, so that what has no replay is read anew. */
  onReady: (operator: Operator, again: boolean) => void;
  onState: (state: LiveState) => void;
  /** Nothing arrived any more on a connection that was ready. */
  onSilent: () => void;
  random?: () => number;
  setTimer?: (call: () => void, milliseconds: number) => unknown;
  clearTimer?: (timer: unknown) => void;
}

/** The session has ended: only a new sign-in helps. */
const NOT_AUTHENTICATED = 4401;
/** The gateway restarts: another one takes its place. */
const RESTARTING = 1012;

/** How often a connection is checked, in milliseconds: one that falls silent is not closed by anybody. */
const CHECK_EVERY = 30_000;
/** How long the reply to a ping may take, in milliseconds. Anything that arrives counts as a reply. */
const REPLY_WITHIN = 10_000;
/** How long a connection may take until it is ready, in milliseconds. */
const READY_WITHIN = 15_000;

export interface Live {
  /** Find out now whether the connection still works: ping the server, or connect at once when there is no connection. */
  check(): void;
  /** The browser has no network: give the connection up until `check`. */
  suspend(): void;
  /** Say hello anew, so that messages come in the language chosen now. */
  restart(): void;
  stop(): void;
}

export function connectLive(options: LiveOptions): Live {
  const setTimer = options.setTimer ?? ((call, milliseconds) => setTimeout(call, milliseconds));
  const clearTimer = options.clearTimer ?? ((timer) => clearTimeout(timer as number));
  const seen = new Seen();
  let since: string | null = null;
  let failures = 0;
  let connections = 0;
  let stopped = false;
  let socket: Socket | null = null;
  let ready = false;
  let asked = false;
  /** Of the only thing that is waited for: the next attempt, the next check, a reply or readiness. */
  let timer: unknown = null;

  function after(milliseconds: number, call: () => void): void {
    if (timer !== null) clearTimer(timer);
    timer = setTimer(call, milliseconds);
  }

  function rest(): void {
    if (timer !== null) clearTimer(timer);
    timer = null;
  }

  function connect(): void {
    connections += 1;
    options.onState('connecting');
    const current = options.open();
    socket = current;
    after(READY_WITHIN, lost);
    current.onopen = () => {
      current.send(JSON.stringify({ token: options.token, since, language: options.language() }));
    };
    current.onmessage = (event) => {
      if (socket !== current) return;
      asked = false;
      after(CHECK_EVERY, ping);
      receive(JSON.parse(String(event.data)) as Push);
    };
    current.onclose = (event) => {
      if (socket === current) closed(event.code);
    };
  }

  function receive(push: Push): void {
    if (push.type === 'ready') {
      failures = 0;
      ready = true;
      options.onState('live');
      options.onReady(push.operator, connections > 1);
    } else if (push.type === 'task') {
      since = push.task.id;
      if (seen.add(push.task.id)) options.onTask(push.task);
    } else if (push.type === 'item') {
      options.onItem(push);
    }
  }

  function ping(): void {
    if (asked) return;
    asked = true;
    socket?.send(JSON.stringify({ type: 'ping' }));
    after(REPLY_WITHIN, lost);
  }

  /** Nothing arrives any more. A connection that was ready is replaced at once. */
  function lost(): void {
    const pause = ready ? 0 : delay(failures, options.random);
    if (ready) options.onSilent();
    drop();
    failures += 1;
    options.onState('waiting');
    after(pause, connect);
  }

  function closed(code: number): void {
    forget();
    if (stopped) return;
    if (code === NOT_AUTHENTICATED) {
      stopped = true;
      rest();
      options.onState('ended');
      return;
    }
    options.onState('waiting');
    const pause = delay(code === RESTARTING ? 0 : failures, options.random);
    failures += 1;
    after(pause, connect);
  }

  function forget(): void {
    socket = null;
    ready = false;
    asked = false;
  }

  function drop(): void {
    const old = socket;
    forget();
    old?.close();
  }

  connect();
  return {
    check() {
      if (stopped) return;
      if (socket === null) connect();
      else if (ready) ping();
    },
    suspend() {
      if (stopped) return;
      rest();
      drop();
      options.onState('waiting');
    },
    restart() {
      if (stopped || socket === null) return;
      drop();
      connect();
    },
    stop() {
      stopped = true;
      rest();
      drop();
    },
  };
}

/** The address of the live connection beside the page's own. */
export function liveAddress(page: { protocol: string; host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/api/v1/ws`;
}
