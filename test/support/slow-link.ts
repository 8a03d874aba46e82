/** A link to a server that is as slow as it is told to be: bytes a second towards the caller, and time on the way. */
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface SlowLinkOptions {
  /** From the server to the caller; null = as fast as it goes. */
  readonly bytesPerSecond: number | null;
  /** There and back again. */
  readonly roundTripMs: number;
}

export interface SlowLink extends AsyncDisposable {
  readonly url: string;
  /** Bytes that came from the server so far. */
  readonly bytes: number;
}

/** Opens the link to the server at `upstream`, on a free port. */
export async function openSlowLink(upstream: string, options: SlowLinkOptions): Promise<SlowLink> {
  const { hostname, port } = new URL(upstream);
  const sockets = new Set<Socket>();
  let bytes = 0;
  const server = createServer({ noDelay: true }, (caller) => {
    const callee = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const socket of [caller, callee]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        caller.destroy();
        callee.destroy();
      });
    }
    carry(caller, callee, { ...options, bytesPerSecond: null });
    carry(callee, caller, options);
    callee.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Each chunk comes when those before it have, and its own bytes have passed, and half a round trip later. */
function carry(from: Socket, to: Socket, { bytesPerSecond, roundTripMs }: SlowLinkOptions): void {
  let freeMs = 0;
  let last = Promise.resolve();
  from.on("data", (chunk: Buffer) => {
    const nowMs = performance.now();
    const onWayMs = bytesPerSecond === null ? 0 : (chunk.length / bytesPerSecond) * 1000;
    freeMs = Math.max(freeMs, nowMs) + onWayMs;
    const arrivesMs = freeMs + roundTripMs / 2;
    const before = last;
    last = (async () => {
      const waitMs = arrivesMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      await before;
      if (!to.destroyed) to.write(chunk);
    })();
  });
}
