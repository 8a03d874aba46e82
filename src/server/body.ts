/** Request bodies: bounded bytes. */
import type { Context } from "hono";
import { badInput } from "../engine/index.ts";

const bodyBytesMax = 32 * 1024 * 1024;

/** The request's body; null = none. @throws E_INPUT (400) over 32 MiB, as Qdrant answers it */
export async function readBody(c: Context): Promise<Uint8Array | null> {
  const announced = Number(c.req.header("content-length") ?? Number.NaN);
  if (announced > bodyBytesMax) {
    throw badInput(
      `JSON payload (${announced} bytes) is larger than allowed (limit: ${bodyBytesMax} bytes).`,
    );
  }
  if (c.req.raw.body === null) return null;
  if (!Number.isNaN(announced)) return new Uint8Array(await c.req.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax)
      throw badInput(`JSON payload has exceeded limit (${bodyBytesMax} bytes).`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
