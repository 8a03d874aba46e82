/** A Qdrant server as `doctor` sees it: what strict mode allows, what the key may do, its memory. Reads, and nothing else. */
import { z } from "zod";
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { StandingCollection, TargetLook, WriteAccess } from "../../store/look.ts";
import type { StoreIdentity, TargetStore } from "../../store/port.ts";
import { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import { firstForeign, seeTenants } from "./foreign.ts";
import { writeAccess } from "./key-access.ts";
import { type QdrantOptions, RestClient } from "./rest-client.ts";
import type { ServerAddress } from "./road.ts";
import { ServerMeter } from "./server-meter.ts";
import { standing } from "./standing.ts";
import { openQdrant } from "./store.ts";

/** `GET /telemetry`: sizes of the machine in KiB, memory in bytes. */
const telemetry = z.looseObject({
  result: z.looseObject({
    app: z.looseObject({
      system: z.looseObject({ ram_size: z.number().nullish() }).nullish(),
    }),
    memory: z.looseObject({ resident_bytes: z.number().nullish() }).nullish(),
  }),
});

/** @throws as `openQdrant` */
export async function lookAtServer(
  address: ServerAddress,
  options: QdrantOptions,
): Promise<TargetLook> {
  const { apiKey, caFile, timeoutMs, signal } = options;
  const store = await openQdrant(address, options);
  const http = new HttpClient({
    headers: apiKey === undefined ? {} : { "api-key": apiKey },
    timeoutMs,
    caFile,
  });
  const rest = new RestClient(address.url, options);
  try {
    const infos = await store.collections(signal === undefined ? {} : { signal });
    const collections: StandingCollection[] = [];
    for (const info of infos) {
      const described = await describe(rest, info, signal);
      if (described !== null) collections.push(described);
    }
    return new ServerLook(store, {
      access: await writeAccess(address.url, apiKey, http, signal),
      ...(await memoryOf(address.url, http, signal)),
      collections,
      meter: new ServerMeter(address.url, options),
    });
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  } finally {
    rest.close();
    http.close();
  }
}

type Facts = Pick<TargetLook, "ramBytes" | "residentBytes" | "collections"> & {
  readonly access: WriteAccess;
  readonly meter: ServerMeter;
};

/** The longest that the points without a tenant are counted. */
const countMs = 10_000;

class ServerLook implements TargetLook {
  readonly identity: StoreIdentity;
  readonly access: WriteAccess;
  readonly ramBytes: number | null;
  readonly residentBytes: number | null;
  readonly folder = null;
  readonly lockedBy = null;
  readonly collections: readonly StandingCollection[];
  readonly meter: ServerMeter;
  readonly #store: TargetStore;

  constructor(store: TargetStore, { access, ramBytes, residentBytes, collections, meter }: Facts) {
    this.#store = store;
    this.identity = store.identity;
    this.access = access;
    this.ramBytes = ramBytes;
    this.residentBytes = residentBytes;
    this.collections = collections;
    this.meter = meter;
  }

  firstForeign(collection: CollectionInfo, rowsMax: number, signal: AbortSignal) {
    return firstForeign(this.#store.scan(collection, { signal, vectors: false }), rowsMax);
  }

  async tenants(
    collection: CollectionInfo,
    { declared, rowsMax, signal }: Parameters<TargetLook["tenants"]>[1],
  ) {
    const scan = { signal, vectors: false, batchSize: rowsMax };
    const seen = await seeTenants(this.#store.scan(collection, scan), rowsMax);
    if (!seen.named && !declared) return seen;
    const either = AbortSignal.any([signal, AbortSignal.timeout(countMs)]);
    try {
      const without = await this.#store.count(collection, { tenant: null, signal: either });
      const looked = await this.#store.count(collection, { signal: either });
      return { looked, named: without < looked, without };
    } catch (error) {
      // Where it takes too long, or strict mode forbids it, the first points are what is known.
      if (signal.aborted || !isVectorError(error)) throw error;
      return seen;
    }
  }

  async points(collection: CollectionInfo, points: readonly string[], signal: AbortSignal) {
    return (await this.#store.read(collection, points, { signal, vectors: false })).batch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.meter.close();
    await this.#store[Symbol.asyncDispose]();
  }
}

/** null = somebody has dropped it since it was listed. */
async function describe(
  rest: RestClient,
  info: CollectionInfo,
  signal: AbortSignal | undefined,
): Promise<StandingCollection | null> {
  const path = `/collections/${encodeURIComponent(info.name)}`;
  try {
    return standing(info, JSON.parse(await rest.send({ method: "GET", path, signal })));
  } catch (error) {
    if (isVectorError(error, "E_COLLECTION_NOT_FOUND")) return null;
    throw error;
  }
}

/** A key for some collections alone is told nothing of the machine. */
async function memoryOf(
  url: string,
  http: HttpClient,
  signal: AbortSignal | undefined,
): Promise<Pick<TargetLook, "ramBytes" | "residentBytes">> {
  const path = "/telemetry?details_level=1";
  const { text } = await http.request({ method: "GET", url: url + path, signal });
  const { data } = telemetry.safeParse(parseJson(text));
  const kibibytes = data?.result.app.system?.ram_size ?? null;
  return {
    ramBytes: kibibytes === null ? null : kibibytes * 1024,
    residentBytes: data?.result.memory?.resident_bytes ?? null,
  };
}
