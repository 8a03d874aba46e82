/** Keys of the metadata that a quick test filters by: looked for in the records themselves, before they are moved. */
import type { CollectionInfo, Layout, PayloadIndex } from "../../model/collection.ts";
import { reservedKeys } from "../../model/layout.ts";
import type { SourceStore } from "../../store/port.ts";
import { type JsonValue, parseLossless } from "../../util/json.ts";

const keysMax = 3;
/** Longer texts are seldom what anybody filters by. */
const textMax = 256;

/** An index for each of the keys that most of the first records have; texts, whole numbers and booleans alone. */
export async function indexesFor(
  source: SourceStore,
  info: CollectionInfo,
  layout: Layout,
  sample: { readonly where: unknown; readonly limit: number; readonly signal: AbortSignal },
): Promise<PayloadIndex[]> {
  const { where, limit, signal } = sample;
  const found = new Map<string, { type: PayloadIndex["type"]; records: number }>();
  const chosen = where === null ? {} : { where };
  for await (const ids of source.ids(info, { limit, signal, ...chosen })) {
    const { batch } = await source.read(info, ids, { vectors: false, signal });
    for (const text of batch.payload.metadata) count(found, text ?? "{}");
  }
  const taken = reservedKeys(layout);
  return [...found]
    .filter(([key]) => /^[\w-]+$/.test(key) && !taken.includes(key))
    .sort(([, one], [, other]) => other.records - one.records)
    .slice(0, keysMax)
    .map(([key, { type }]) => ({ key, type }));
}

function count(
  found: Map<string, { type: PayloadIndex["type"]; records: number }>,
  text: string,
): void {
  const metadata: Readonly<Record<string, JsonValue>> = Object(parseLossless(text));
  for (const [key, value] of Object.entries(metadata)) {
    const type = typeOf(value);
    const known = found.get(key);
    if (known !== undefined) known.records += 1;
    else if (type !== null) found.set(key, { type, records: 1 });
  }
}

function typeOf(value: JsonValue): PayloadIndex["type"] | null {
  if (typeof value === "bigint") return "integer";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" && value.length <= textMax ? "keyword" : null;
}
