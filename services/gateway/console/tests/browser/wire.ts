/** A network between the browser and the system, whose established connections can fall silent without being closed. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Wire {
  /** The system, through this network. */
  url: string;
  /** From now on nothing passes through the connections that are open, in either direction. New ones work. */
  silence(): void;
  close(): void;
}

export async function wireTo(system: string): Promise<Wire> {
  const target = new URL(system);
  const open = new Set<Socket>();
  const silent = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const both = [near, far];
    both.forEach((end, index) => {
      const other = both[1 - index] as Socket;
      open.add(end);
      end.on('data', (data) => !silent.has(end) && other.write(data));
      end.on('end', () => !silent.has(end) && other.end());
      end.on('error', () => both.forEach((each) => each.destroy()));
      end.on('close', () => open.delete(end));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    silence: () => open.forEach((end) => silent.add(end)),
    close: () => (open.forEach((end) => end.destroy()), server.close()),
  };
}
