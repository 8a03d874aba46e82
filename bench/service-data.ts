/** What the service is measured with: documents of a few tenants, queries near them, and the true answers. */
import type { ServiceDocument } from "../src/repository/service-types.ts";
import { benchRecords } from "./data.ts";

export const collectionName = "vecferry-bench-service";
/** So few that each has a graph of its own: a server looks through less than 10 MB without one. */
export const tenants = ["t0", "t1", "t2", "t3", "t4", "t5"] as const;
export const limit = 10;

export interface ServiceData {
  readonly dimension: number;
  /** By tenant. */
  readonly documents: ReadonlyMap<string, ServiceDocument[]>;
  readonly queries: readonly ServiceQuery[];
}

export interface ServiceQuery {
  readonly tenant: string;
  readonly vector: Float32Array;
  /** Ids of the nearest, found by comparing with every one. */
  readonly truth: ReadonlySet<string>;
}

export async function serviceData(
  records: number,
  dimension: number,
  asked: number,
  names: readonly string[] = tenants,
): Promise<ServiceData> {
  const documents = new Map<string, ServiceDocument[]>(names.map((tenant) => [tenant, []]));
  let row = 0;
  for await (const { id, vector, document, metadata } of benchRecords(records, dimension)) {
    const tenant = names[row % names.length] ?? "";
    documents.get(tenant)?.push({ id, content: document, embedding: vector, metadata });
    row += 1;
  }
  const random = randomNumbers();
  const queries = Array.from({ length: asked }, (_, at) => {
    const tenant = names[at % names.length] ?? "";
    const own = documents.get(tenant) ?? [];
    // Between two documents, so that none is the answer by itself.
    const one = embeddingOf(own[Math.floor(random() * own.length)]);
    const other = embeddingOf(own[Math.floor(random() * own.length)]);
    const vector = unit(one.map((component, index) => 0.7 * component + 0.3 * (other[index] ?? 0)));
    return { tenant, vector, truth: nearest(own, vector) };
  });
  return { dimension, documents, queries };
}

export function embeddingOf(document: ServiceDocument | undefined): Float32Array {
  return Float32Array.from(document?.embedding ?? []);
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return vector.map((component) => component / norm);
}

/** Under cosine. */
function nearest(documents: readonly ServiceDocument[], query: Float32Array): Set<string> {
  const scored = documents.map(({ id, embedding = [] }) => {
    let dot = 0;
    let square = 0;
    for (let index = 0; index < query.length; index += 1) {
      const component = embedding[index] ?? 0;
      dot += component * (query[index] ?? 0);
      square += component * component;
    }
    return { id, score: dot / Math.sqrt(square) };
  });
  scored.sort((one, other) => other.score - one.score);
  return new Set(scored.slice(0, limit).map(({ id }) => id));
}

/** The same ones every time: a linear congruential generator (Numerical Recipes). */
function randomNumbers(): () => number {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
