// A TCP proxy on loopback that can be cut, slowed down and mended: how tests take a server away from the program.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Proxy {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  /** Holds back whatever passes, each way, by so many milliseconds. */
  slow(ms: number): void;
  mend(): void;
  stop(): Promise<void>;
}

/** Passes connections on to a TCP port or a unix socket. */
export async function startProxy(
  target: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let delayMs = 0;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      let turn: Promise<unknown> = Promise.resolve();
      const inTurn = (work: () => void): void => {
        turn = turn.then(() => (delayMs > 0 ? pause(delayMs) : undefined)).then(work);
      };
      one.on('data', (chunk) => inTurn(() => other.write(chunk)));
      one.on('end', () => inTurn(() => other.end()));
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    slow: (ms) => {
      delayMs = ms;
    },
    mend: () => {
      isCut = false;
      delayMs = 0;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
