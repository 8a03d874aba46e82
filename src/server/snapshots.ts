/** Snapshots whose bytes go through here: download, upload, and recovery from a URL. The rest of it is the engine's. */
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { get as getPlainly, type IncomingMessage, type RequestOptions } from "node:http";
import { get as getByTls } from "node:https";
import { basename } from "node:path";
import { Readable } from "node:stream";
import type { Context } from "hono";
import { badInput, type Engine, receiveFile } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import { accepted, ok, type Timed } from "./answer.ts";
import { readBody } from "./body.ts";
import { readFilePart } from "./multipart.ts";
import type { Service } from "./service.ts";

/** How long a download may take that a recovery waits for. */
const downloadMs = 60 * 60 * 1000;

function collectionOf(c: Context<Timed>): string {
  return c.req.param("collection_name") ?? "";
}

export const downloadSnapshot: Service = async (c, { engine }) => {
  const params = { snapshot_name: c.req.param("snapshot_name") ?? "" };
  const collection = collectionOf(c);
  const asked = { operation: "locateSnapshot", collection, params, body: null } as const;
  const path = String(JSON.parse(await engine.ask(asked)));
  const { size, mtime } = await stat(path);
  const stream = Readable.toWeb(createReadStream(path, { signal: c.req.raw.signal }));
  return c.body(stream as ReadableStream, 200, {
    "content-type": "application/octet-stream",
    "content-length": String(size),
    "content-disposition": `attachment; filename="${basename(path).replaceAll(/["\\]/g, "_")}"`,
    "last-modified": mtime.toUTCString(),
  });
};

export const uploadSnapshot: Service = async (c, { engine }) => {
  const type = c.req.header("content-type") ?? "";
  const part = await readFilePart(c.req.raw.body ?? Readable.from([]), type, "snapshot");
  const received = await receiveFile(engine.snapshots, part.bytes, c.req.raw.signal);
  const { priority, checksum } = c.req.query();
  return recoverReceived(c, engine, {
    received,
    received_name: part.name ?? "",
    priority,
    checksum,
  });
};

export const recoverSnapshot: Service = async (c, { engine, urlRecovery }) => {
  const body = await readBody(c);
  const remote = remoteOf(body);
  if (remote === null) {
    const collection = collectionOf(c);
    return answer(c, engine.ask({ operation: "recoverSnapshot", collection, params: {}, body }));
  }
  if (!urlRecovery) {
    throw new VectorError(
      "E_AUTH",
      "Forbidden: Snapshot recovery from remote URLs is disabled in the configuration",
      { details: { status: 403 } },
    );
  }
  const received = await fetchFile(engine, remote, c.req.raw.signal);
  const { priority, checksum } = remote;
  return recoverReceived(c, engine, { received, priority, checksum });
};

function recoverReceived(
  c: Context<Timed>,
  engine: Engine,
  given: { received: string } & Record<string, string | undefined>,
): Promise<Response> {
  const params: Record<string, string> = { received: given.received };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) params[name] = value;
  const collection = collectionOf(c);
  const work = engine
    .ask({ operation: "recoverReceived", collection, params, body: null })
    // Where the engine refuses before it looks at the file, the file is still there.
    .finally(() => rm(given.received, { force: true }));
  return answer(c, work);
}

/** Waits for the work, unless the caller does not. */
async function answer(c: Context<Timed>, work: Promise<string>): Promise<Response> {
  return c.req.query("wait") === "false" ? accepted(c, work) : ok(c, await work);
}

interface Remote {
  readonly location: string;
  readonly apiKey: string | undefined;
  readonly priority: string | undefined;
  readonly checksum: string | undefined;
}

/** Where the body's `location` is an http or https address: that, and what else it says; null for any other body, good or bad. */
function remoteOf(body: Uint8Array | string | null): Remote | null {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === "string" ? body : Buffer.from(body ?? []).toString("utf8"));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("location" in value)) return null;
  const { location } = value;
  if (typeof location !== "string" || !/^https?:/i.test(location) || !URL.canParse(location))
    return null;
  const text = (name: string): string | undefined => {
    const member: unknown = Reflect.get(value, name);
    return typeof member === "string" ? member : undefined;
  };
  const [apiKey, priority, checksum] = ["api_key", "priority", "checksum"].map(text);
  return { location, apiKey, priority, checksum };
}

/** Not by `fetch`: undici ends the process where a server closes its connection while the file is written (assert(!this.paused)). */
function request(location: string, options: RequestOptions): Promise<IncomingMessage> {
  const get = new URL(location).protocol === "https:" ? getByTls : getPlainly;
  return new Promise((settle, reject) => {
    get(location, options, settle).on("error", reject);
  });
}

async function fetchFile(
  engine: Engine,
  { location, apiKey }: Remote,
  signal: AbortSignal,
): Promise<string> {
  const headers = apiKey === undefined ? {} : { "api-key": apiKey };
  const ends = AbortSignal.any([signal, AbortSignal.timeout(downloadMs)]);
  let answer: IncomingMessage;
  try {
    answer = await request(location, { headers, signal: ends });
  } catch (cause) {
    const message = `Service internal error: Http request error: error sending request for url (${location})`;
    throw new VectorError("E_UNREACHABLE", message, { cause, details: { status: 500 } });
  }
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw badInput(
      `Bad request: Failed to download snapshot from ${location}: status - ${answer.statusCode}`,
    );
  }
  return receiveFile(engine.snapshots, answer, ends);
}
