/** Whether a Qdrant answers at an address, by REST or by gRPC: neither greeting needs a key. */
import { z } from "zod";
import { isVectorError } from "../../errors.ts";
import type { Recognised, RecogniseOptions } from "../../store/look.ts";
import { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import { clockAhead } from "../../util/server-clock.ts";
import { encodeEmpty } from "../../wire/collections.ts";
import { decodeHealth } from "../../wire/health.ts";
import { GrpcClient } from "./grpc-client.ts";

const greeting = z.looseObject({ title: z.string(), version: z.string() });

/** See `Recogniser`: the REST port. */
export async function recogniseQdrant(
  url: string,
  { timeoutMs, caFile, signal }: RecogniseOptions,
): Promise<Recognised | null> {
  const http = new HttpClient({ timeoutMs, caFile });
  try {
    const askedMs = Date.now();
    const { headers, text } = await http.request({ method: "GET", url: `${url}/`, signal });
    const { data } = greeting.safeParse(parseJson(text));
    if (data === undefined || !/qdrant/i.test(data.title)) return null;
    const clockAheadMs = clockAhead(headers.date, askedMs, Date.now());
    return { what: "qdrant", version: data.version, api: null, clockAheadMs };
  } finally {
    http.close();
  }
}

/** See `Recogniser`: the gRPC port. */
export async function recogniseQdrantGrpc(
  url: string,
  { timeoutMs, caFile, signal }: RecogniseOptions,
): Promise<Recognised | null> {
  const client = new GrpcClient(url, { timeoutMs, caFile });
  try {
    const call = { signal, attempts: 1, timeoutMs };
    const { title, version } = await client.send(
      "Qdrant/HealthCheck",
      encodeEmpty(),
      decodeHealth,
      call,
    );
    if (!/qdrant/i.test(title)) return null;
    return { what: "qdrant-grpc", version, api: null, clockAheadMs: null };
  } catch (error) {
    // Whoever answered in another way has shown that he is another.
    if (isVectorError(error) && (error.details["notGrpc"] === true || answered.has(error.code)))
      return null;
    throw error;
  } finally {
    client.close();
  }
}

const answered = new Set(["E_NOT_SUPPORTED", "E_BAD_RESPONSE", "E_AUTH", "E_REJECTED", "E_SERVER"]);
