import { z } from "zod";
import type { CollectionInfo } from "../../model/collection.ts";
import type { CallOptions, Hit } from "../../store/port.ts";
import { elementsOf, skipSpace, skipValue, walkObject } from "../../util/json-bytes.ts";
import { notChroma } from "./answer.ts";
import type { CollectionCalls } from "./calls.ts";
import { metadataColumn } from "./page.ts";

/** One answer for one query vector; a distance or component is null where it is not finite. */
const answer = z.object({
  ids: z.tuple([z.array(z.string())]),
  distances: z.tuple([z.array(z.number().nullable())]),
  documents: z.tuple([z.array(z.string().nullable())]).nullish(),
  embeddings: z.tuple([z.array(z.array(z.number().nullable()))]).nullish(),
});

export interface Found extends Hit {
  /** JSON text as the server wrote it; null where there is none, or it was not asked for. */
  readonly metadata: string | null;
  /** The stored vector, where it was asked for and is finite. */
  readonly vector: readonly number[] | null;
}

export interface QueryOptions extends CallOptions {
  readonly limit: number;
  readonly include: readonly ("documents" | "embeddings" | "metadatas")[];
  /** Chroma's. */
  readonly where?: object | undefined;
}

/** The nearest records by the server's own index, nearest first. */
export function queryNearest(
  calls: CollectionCalls,
  collection: CollectionInfo,
  vector: readonly number[],
  options: QueryOptions,
): Promise<Found[]> {
  const body = {
    query_embeddings: [vector],
    n_results: options.limit,
    include: ["distances", ...options.include],
    ...(options.where === undefined ? {} : { where: options.where }),
  };
  return calls.ask(
    collection,
    { verb: "query", body, parse: parseFound, place: false },
    options.signal,
  );
}

function parseFound(bytes: Buffer): Found[] {
  const { ids, distances, documents, embeddings } = answer.parse(JSON.parse(bytes.toString()));
  const metadatas = parseMetadatas(bytes);
  const rows = ids[0].length;
  for (const column of [distances[0], documents?.[0], embeddings?.[0], metadatas]) {
    if (column && column.length !== rows) throw notChroma("columns of unequal length");
  }
  return ids[0].map((id, at) => ({
    id,
    distance: distances[0][at] ?? Number.POSITIVE_INFINITY,
    document: documents?.[0][at] ?? null,
    metadata: metadatas?.[at] ?? null,
    vector: finite(embeddings?.[0][at]),
  }));
}

/** The metadata of the one query's answer, its numbers as they were written; null = it was not asked for. */
function parseMetadatas(bytes: Buffer): (string | null)[] | null {
  let found: (string | null)[] | null = null;
  walkObject(bytes, (name, start) => {
    const end = skipValue(bytes, start);
    if (name === "metadatas" && bytes.toString("utf8", start, end) !== "null") {
      const [from, to] = elementsOf(bytes, skipSpace(bytes, start));
      found = from === undefined ? [] : metadataColumn(bytes.subarray(from, to));
    }
    return end;
  });
  return found;
}

function finite(vector: readonly (number | null)[] | undefined): readonly number[] | null {
  return vector?.every((component) => component !== null) ? vector : null;
}
