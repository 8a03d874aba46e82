/** The ids of the records that are meant, and their metadata. */
import type { CollectionInfo } from "../../model/collection.ts";
import { decodeMetadata, type Metadata } from "../../model/filter.ts";
import { Scratch } from "../../util/scratch.ts";
import { notChroma } from "./answer.ts";
import type { CollectionCalls } from "./calls.ts";
import type { Asked } from "./document-where.ts";
import { listIds } from "./ids.ts";
import { parseMetadata } from "./page.ts";
import type { Quotas } from "./quotas.ts";

/** One collection, and how it is asked. */
export interface Reach {
  readonly calls: CollectionCalls;
  readonly collection: CollectionInfo;
  readonly quotas: Quotas;
  readonly signal: AbortSignal | undefined;
}

/** The ids, in the server's order, in chunks. */
export async function* selectedIds(reach: Reach, asked: Asked): AsyncGenerator<string[]> {
  const { here } = asked;
  if (here === null) {
    yield* listed(reach, asked.server);
    return;
  }
  for await (const rows of metadataOf(reach, asked.server))
    yield rows.flatMap(([id, metadata]) => (here(metadata) ? [id] : []));
}

/** The metadata of the records that meet Chroma's `where`, with their ids. */
export async function* metadataOf(
  reach: Reach,
  where: object | undefined,
): AsyncGenerator<[id: string, metadata: Metadata][]> {
  const { calls, collection, quotas, signal } = reach;
  for await (const chunk of listed(reach, where)) {
    for (let start = 0; start < chunk.length; start += quotas.recordsMax) {
      const ids = chunk.slice(start, start + quotas.recordsMax);
      const body = { ids, include: ["metadatas"] };
      const page = await calls.ask(collection, { verb: "get", body, parse: parseMetadata }, signal);
      if (page.ids.length !== page.metadata.length) throw notChroma("columns of unequal length");
      yield page.ids.map((id, row) => [id, decodeMetadata(page.metadata[row] ?? null)]);
    }
  }
}

function listed({ calls, collection, quotas, signal }: Reach, where: object | undefined) {
  const options = { ...(where === undefined ? {} : { where }), ...(signal && { signal }) };
  return listIds(calls, collection, options, quotas);
}

/** The same ids, each once, in the order of their bytes, in chunks of `size`. Those before `from` and behind `to` are left out. */
export async function* sortedIds(
  ids: AsyncIterable<string[]>,
  size: number,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): AsyncGenerator<string[]> {
  using scratch = new Scratch("create table keys (key blob primary key) without rowid");
  for await (const chunk of ids) {
    scratch.exec("begin");
    for (const id of chunk) {
      if ((from === undefined || id >= from) && (to === undefined || id <= to))
        scratch.query.run("insert or ignore into keys values (?)", Buffer.from(id));
    }
    scratch.exec("commit");
  }
  // SQLite takes any number for less than any bytes.
  let last: Uint8Array | number = 0;
  for (;;) {
    const rows: Uint8Array[] = scratch.query
      .all("select key from keys where key > ? order by key limit ?", last, size)
      .flatMap(([key]) => (key instanceof Uint8Array ? [key] : []));
    if (rows.length === 0) return;
    yield rows.map((key) => Buffer.from(key).toString());
    last = rows.at(-1) ?? last;
  }
}
