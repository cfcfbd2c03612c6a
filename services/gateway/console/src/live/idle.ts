/** The HTTP connections that the browser keeps open for later requests. */

/** How many a browser keeps to one server (HTTP/1.1). */
const MOST = 6;
const ANSWER_WITHIN = 4_000;

/** Have the browser close those that are dead. When the live connection fell silent, so did they, and each would keep a
 *  request waiting until it is given up. Requests that are sent together take one each; giving a request up closes its
 *  connection. */
export async function closeDeadConnections(send: typeof fetch = fetch): Promise<void> {
  const one = async (_: unknown, index: number): Promise<void> => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN);
    // Requests for the same address would wait for one another.
    await send(`/healthz?connection=${index}`, { cache: 'no-store', signal }).then((response) => response.text());
  };
  await Promise.allSettled(Array.from({ length: MOST }, one));
}
