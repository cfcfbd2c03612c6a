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
  random?: () => number;
  setTimer?: (call: () => void, milliseconds: number) => unknown;
  clearTimer?: (timer: unknown) => void;
}

/** The session has ended: only a new sign-in helps. */
const NOT_AUTHENTICATED = 4401;
/** The gateway restarts: another one takes its place. */
const RESTARTING = 1012;

export interface Live {
  /** Try now instead of when the pause is over. */
  retry(): void;
  /** The browser has no network: give the connection up until `retry`. */
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
  let timer: unknown = null;
  let socket: Socket | null = null;

  function connect(): void {
    timer = null;
    connections += 1;
    options.onState('connecting');
    const current = options.open();
    socket = current;
    current.onopen = () => {
      current.send(JSON.stringify({ token: options.token, since, language: options.language() }));
    };
    current.onmessage = (event) => {
      if (socket === current) receive(JSON.parse(String(event.data)) as Push);
    };
    current.onclose = (event) => {
      if (socket === current) closed(event.code);
    };
  }

  function receive(push: Push): void {
    if (push.type === 'ready') {
      failures = 0;
      options.onState('live');
      options.onReady(push.operator, connections > 1);
    } else if (push.type === 'task') {
      since = push.task.id;
      if (seen.add(push.task.id)) options.onTask(push.task);
    } else if (push.type === 'item') {
      options.onItem(push);
    }
  }

  function closed(code: number): void {
    socket = null;
    if (stopped) return;
    if (code === NOT_AUTHENTICATED) {
      stopped = true;
      options.onState('ended');
      return;
    }
    options.onState('waiting');
    const pause = delay(code === RESTARTING ? 0 : failures, options.random);
    failures += 1;
    timer = setTimer(connect, pause);
  }

  function drop(): void {
    const old = socket;
    socket = null;
    old?.close();
  }

  connect();
  return {
    retry() {
      if (socket !== null || stopped) return;
      if (timer !== null) clearTimer(timer);
      connect();
    },
    suspend() {
      if (stopped) return;
      if (timer !== null) clearTimer(timer);
      timer = null;
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
      if (timer !== null) clearTimer(timer);
      drop();
    },
  };
}

/** The address of the live connection beside the page's own. */
export function liveAddress(page: { protocol: string; host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/api/v1/ws`;
}
