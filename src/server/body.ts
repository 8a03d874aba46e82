/** Request bodies: bounded bytes, each and together. */
import type { Context, MiddlewareHandler } from "hono";
import { badInput } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import type { Timed } from "./answer.ts";

const bodyBytesMax = 32 * 1024 * 1024;
/** What all bodies together may hold in this process, from their first byte until they are answered. */
const heldBytesMax = 1024 * 1024 * 1024;
/** Room for a body at first; it grows with what has come, for what is announced need not come. */
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
  const expected = Number.isNaN(announced) ? bodyBytesMax : announced;
  let room = new Uint8Array(Math.min(expected, firstRoomBytes));
  let length = 0;
  for await (const chunk of source) {
    const end = length + chunk.byteLength;
    if (end > bodyBytesMax)
      throw badInput(`JSON payload has exceeded limit (${bodyBytesMax} bytes).`);
    hold(c, chunk.byteLength);
    if (end > room.length) {
      const larger = new Uint8Array(Math.max(end, Math.min(room.length * 4, expected)));
      larger.set(room.subarray(0, length));
      room = larger;
    }
    room.set(chunk, length);
    length = end;
  }
  return length === room.length ? room : room.slice(0, length);
}
