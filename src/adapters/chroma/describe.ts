/** What the listing of a server leaves open about a collection: v1's dimension, and the distance where versions lie. */
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { CallOptions } from "../../store/port.ts";
import type { CollectionCalls } from "./calls.ts";
import type { ListedCollection } from "./catalog.ts";
import { statusOf } from "./client.ts";
import { fittingDistances, type NamedDistance, namedDistance } from "./distance.ts";
import { notedIn } from "./ensure.ts";
import { parseIds } from "./page.ts";
import { queryNearest } from "./query.ts";
import { readRecords } from "./reader.ts";
import type { RecordSize } from "./record-size.ts";
import type { Scope } from "./routes.ts";

/** Records that are looked at to find a vector: more than one, as some may have none. */
const sampleSizes = [20, 1000];

export async function describeCollection(
  calls: CollectionCalls,
  scope: Scope,
  listed: ListedCollection,
  size: RecordSize,
  options: CallOptions,
): Promise<CollectionInfo> {
  const { sure: isSure, ...named } = namedDistance(listed.entry);
  const { note, dimension } = notedIn(listed.metadata);
  // What vecferry made has its distance where every version reads it.
  const sure = isSure || note !== null;
  const info: CollectionInfo = {
    key: listed.key,
    name: listed.name,
    tenant: scope.tenant,
    database: scope.database,
    dimension: listed.dimension ?? dimension,
    distance: named.distance,
    distanceFrom: named.from,
    count: null,
    metadata: listed.metadata,
    configuration: listed.configuration,
    schema: listed.schema,
    status: null,
    note,
  };
  if (sure && info.dimension !== null) return info;
  try {
    const vector = await sampleVector(calls, info, size, options);
    if (vector === null) return info;
    const { distance, from } = sure
      ? named
      : await probeDistance(calls, info, named, vector, options);
    return { ...info, dimension: vector.length, distance, distanceFrom: from };
  } catch (error) {
    // A collection that the server cannot read is listed all the same; reading it will say why.
    if (isVectorError(error) && statusOf(error) === 500) return info;
    throw error;
  }
}

/** A stored vector that is not zero; null where none is found. */
async function sampleVector(
  calls: CollectionCalls,
  info: CollectionInfo,
  size: RecordSize,
  options: CallOptions,
): Promise<number[] | null> {
  for (const wanted of sampleSizes) {
    const limit = Math.min(wanted, size.rowsMax);
    const ids = await calls.ask(
      info,
      { verb: "get", body: { limit, include: [] }, parse: parseIds },
      options.signal,
    );
    const { batch } = await readRecords(calls, info, ids, options, size);
    const column = denseVector(batch);
    for (let row = 0; column !== undefined && row < batch.ids.length; row += 1) {
      const vector = Array.from(
        column.data.subarray(row * column.dimension, (row + 1) * column.dimension),
      );
      if (vector.some((component) => component !== 0)) return vector;
    }
    if (ids.length === 0) return null;
  }
  return null;
}

/** Nearest records that a probe compares. */
const probeLimit = 5;

/** What the server computes: the named distance where its numbers fit, else the one that does. */
async function probeDistance(
  calls: CollectionCalls,
  info: CollectionInfo,
  named: NamedDistance,
  vector: readonly number[],
  options: CallOptions,
): Promise<NamedDistance> {
  // Three times the stored vector, for distances agree on unit vectors.
  const query = vector.map((component) => component * 3);
  const found = await queryNearest(calls, info, query, {
    limit: probeLimit,
    include: ["embeddings"],
    ...options,
  });
  const usable = found.flatMap(({ vector: stored, distance }) =>
    stored !== null && Number.isFinite(distance) ? [{ vector: stored, distance }] : [],
  );
  const fitting = fittingDistances(query, usable);
  const [first] = fitting;
  if (first === undefined || fitting.includes(named.distance)) return named;
  return { distance: first, from: "probe" };
}
