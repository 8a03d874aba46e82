/** Request bodies: bounded bytes, each and together. */
import type { IncomingMessage } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import { badInput } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import type { Timed } from "./answer.ts";
import { headerOf } from "./headers.ts";

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
  const announced = Number(headerOf(c, "content-length") ?? Number.NaN);
  if (announced > bodyBytesMax) {
    throw badInput(
      `JSON payload (${announced} bytes) is larger than allowed (limit: ${bodyBytesMax} bytes).`,
    );
  }
  const expected = Number.isNaN(announced) ? bodyBytesMax : announced;
  let room = new Uint8Array(Math.min(expected, firstRoomBytes));
  let length = 0;
  const take = (chunk: Uint8Array): void => {
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
  };
  const incoming = c.env?.incoming;
  const { body } = incoming === undefined ? c.req.raw : { body: null };
  if (incoming !== undefined) await eachChunk(incoming, take);
  else if (body === null) return null;
  else for await (const chunk of body) take(chunk);
  return length === room.length ? room : room.slice(0, length);
}

/** Hands over what comes from a socket, chunk by chunk, without a turn of promises for each. @throws what `take` throws, E_ABORTED */
function eachChunk(incoming: IncomingMessage, take: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((settle, reject) => {
    const end = (): void => {
      incoming.off("data", data);
      settle();
    };
    const cutOff = (cause?: unknown): void => {
      incoming.off("data", data);
      reject(new VectorError("E_ABORTED", "The request's body was cut off.", { cause }));
    };
    const data = (chunk: Uint8Array): void => {
      try {
        take(chunk);
      } catch (error) {
        // What is still to come is passed over by who closes the request.
        incoming.off("data", data);
        reject(error);
      }
    };
    incoming.on("data", data);
    incoming.once("end", end);
    incoming.once("error", cutOff);
    incoming.once("close", cutOff);
  });
}
