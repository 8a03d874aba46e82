/** Request bodies: bounded bytes, each and together. */
import type { Context, MiddlewareHandler } from "hono";
import { badInput } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import type { Timed } from "./answer.ts";

const bodyBytesMax = 32 * 1024 * 1024;
/** What all bodies together may hold in this process, from their first byte until they are answered. */
const heldBytesMax = 1024 * 1024 * 1024;
/** Room for a body whose length is not announced; it grows. */
const firstRoomBytes = 64 * 1024;

let heldBytes = 0;

/** Gives back, once a request is answered, what its body held. */
export const releasesBody: MiddlewareHandler<Timed> = async (c, next) => {
  await next();
  heldBytes -= c.get("bodyBytes") ?? 0;
};

function hold(c: Context<Timed>, bytes: number): void {
  if (heldBytes + bytes > heldBytesMax) {
    throw new VectorError("E_RATE_LIMITED", "Too many large requests at once; try again.", {
      details: { status: 503 },
    });
  }
  heldBytes += bytes;
  c.set("bodyBytes", (c.get("bodyBytes") ?? 0) + bytes);
}

/** The request's body, in a buffer of its own, or as a caller in this process hands it over; null = none. @throws E_INPUT (400) over 32 MiB, as Qdrant answers it; E_RATE_LIMITED (503) */
export async function readBody(c: Context<Timed>): Promise<Uint8Array | string | null> {
  if (c.env?.body !== undefined) return c.env.body;
  const announced = Number(c.req.header("content-length") ?? Number.NaN);
  if (announced > bodyBytesMax) {
    throw badInput(
      `JSON payload (${announced} bytes) is larger than allowed (limit: ${bodyBytesMax} bytes).`,
    );
  }
  // The socket's own stream where there is one: it takes no detour.
  const source: AsyncIterable<Uint8Array> | null = c.env?.incoming ?? c.req.raw.body;
  if (source === null) return null;
  let room = new Uint8Array(Number.isNaN(announced) ? firstRoomBytes : announced);
  let length = 0;
  for await (const chunk of source) {
    const end = length + chunk.byteLength;
    if (end > bodyBytesMax)
      throw badInput(`JSON payload has exceeded limit (${bodyBytesMax} bytes).`);
    hold(c, chunk.byteLength);
    if (end > room.length) {
      const larger = new Uint8Array(Math.max(end, room.length * 2));
      larger.set(room.subarray(0, length));
      room = larger;
    }
    room.set(chunk, length);
    length = end;
  }
  return length === room.length ? room : room.slice(0, length);
}
