/** A database of the stand-in for Chroma Cloud, filled, with a key of its own. */
import type { FixtureRecord } from "../../src/testing/index.ts";
import { addRecords, makeCollection, newPlace, type Place } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import {
  type CloudKey,
  type CloudOptions,
  type CloudStandIn,
  startCloud,
} from "./cloud-stand-in.ts";

export const cloudKey = "ck-0123456789abcdef";

export interface CloudScene extends AsyncDisposable {
  readonly cloud: CloudStandIn;
  readonly place: Place;
  /** Uuid of the collection `records`. */
  readonly key: string;
  /** The address, as the command takes it. */
  readonly address: string;
}

/** Starts a stand-in in front of `server`, with one collection of `records`. */
export async function cloudScene(
  server: ChromaServer,
  records: readonly FixtureRecord[],
  options: Partial<CloudOptions> & {
    /** What the key is for; default: the database that is filled. */
    readonly databases?: readonly string[];
    /** Keys of others. */
    readonly others?: readonly CloudKey[];
  } = {},
): Promise<CloudScene> {
  const place = await newPlace(server);
  const key = await makeCollection(server, place, "records", { "hnsw:space": "cosine" });
  await addRecords(server, place, key, records);
  const { databases = [place.database], others = [] } = options;
  const keys = [{ key: cloudKey, tenant: place.tenant, databases }, ...others];
  const cloud = await startCloud({ upstream: server.url, keys, ...options });
  const address = `chroma-cloud://${place.tenant}/${place.database}?host=${cloud.url}`;
  return { cloud, place, key, address, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() };
}

/** An empty database of a stand-in in front of `server`; at times it is busy, away or answers short pages, on each run at others. */
export async function moodyCloud(
  server: ChromaServer,
): Promise<AsyncDisposable & { readonly url: string; readonly place: Place }> {
  const place = await newPlace(server);
  const cloud = await startCloud({
    upstream: server.url,
    keys: [{ key: cloudKey, tenant: place.tenant, databases: [place.database] }],
    rules: { writes: true, busy: 0.02, unavailable: 0.02, shortPage: 0.3 },
    seed: Math.floor(Math.random() * 2 ** 31),
  });
  return { url: cloud.url, place, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() };
}

/** Records whose vector and payload tell whose they are. */
export function cloudRecords(count: number): FixtureRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `record ${n} ${n % 7 === 0 ? "ключ 🚢" : ""}`,
    vector: [Math.fround(Math.sin(n) + 2), Math.fround(Math.cos(n)), Math.fround(n / 7)],
    document: n % 5 === 0 ? null : `document ${n}`,
    uri: n % 11 === 0 ? `s3://bucket/${n}` : null,
    metadata: `{"n":${n},"whole":${n}.0,"big":9007199254740993,"odd":${n % 2 === 1}}`,
  }));
}
