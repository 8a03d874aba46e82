/**
 * Layouts: how a record stands in a point's payload, so that the application's framework reads it with no further step.
 *
 *   vecferry    { document, metadata: {…}, tenant_id?, _vecferry }
 *   flat        { …metadata, document, tenant_id?, _vecferry }
 *   langchain   { page_content?, metadata: {…}, tenant_id?, _vecferry }                      langchain-qdrant 1.1
 *   llamaindex  { …metadata, _node_content, _node_type, document_id, doc_id, ref_doc_id,     llama-index-core 0.14,
 *                 tenant_id?, _vecferry }                                                    node_to_metadata_dict
 *
 * `_vecferry` = { id, run?, uri?, norm?, collection?, created_at?, exact?, node? }, all of it text: `norm` is a float64 in decimal (a server
 * does not keep every float, see exact-numbers.ts), `exact` the numbers of the metadata that need the same care, `node` what
 * stood in the text's place in a node that LlamaIndex itself wrote into the source (see llama-node.ts).
 * A record without document has `"document":null`; the frameworks refuse null, so theirs leave the key out.
 * Metadata travels as raw JSON text throughout: 2, 2.0 and 2^53+1 stay what they are.
 */
import { floatText, sliceObject, stringOf } from "../util/json.ts";
import type { Layout } from "./collection.ts";
import { type ExactNumbers, findInexact, restoreExact } from "./exact-numbers.ts";
import { isOwnNode, nodeKeys, nodeMembers, takeNode, withoutText, withText } from "./llama-node.ts";
import { Members } from "./members.ts";
import type { PayloadParts, PayloadSink } from "./payload.ts";
import type { PointBatch } from "./record.ts";

/** The payload key of vecferry's own notes, in every layout. */
export const markKey = "_vecferry";
/** The payload key of the tenant, in every layout. */
export const tenantKey = "tenant_id";

/** What a payload says of its record. */
export interface DecodedPayload {
  /** null = the point was not written by vecferry; then everything stands in `rest`. */
  readonly id: string | null;
  readonly document: string | null;
  readonly uri: string | null;
  /** JSON text of an object; null where there is none, or an empty one. */
  readonly metadata: string | null;
  readonly tenant: string | null;
  /** NaN = none. */
  readonly norm: number;
  readonly run: string | null;
  readonly collection: string | null;
  /** When an application first wrote it; null = it is not kept. Where it is, it stands in `rest` too: whatever carries that on carries this. */
  readonly createdAt: string | null;
  /** JSON text of an object with all that the layout does not know; null = nothing. */
  readonly rest: string | null;
}

interface LayoutShape {
  /** Where the document stands; null = inside `_node_content`. */
  readonly document: string | null;
  /** Where the metadata stands; null = its keys are top-level ones. */
  readonly metadata: string | null;
  readonly reserved: readonly string[];
}

const shapes: Record<Layout, LayoutShape> = {
  vecferry: {
    document: "document",
    metadata: "metadata",
    reserved: ["document", "metadata", tenantKey, markKey],
  },
  flat: { document: "document", metadata: null, reserved: ["document", tenantKey, markKey] },
  langchain: {
    document: "page_content",
    metadata: "metadata",
    reserved: ["page_content", "metadata", tenantKey, markKey],
  },
  llamaindex: { document: null, metadata: null, reserved: [...nodeKeys, tenantKey, markKey] },
};
/** What stands beside the metadata also where LlamaIndex itself wrote it. */
const beside = [tenantKey, markKey];

/** The top-level payload keys that `layout` uses itself. */
export function reservedKeys(layout: Layout): readonly string[] {
  return shapes[layout].reserved;
}

/** The top-level keys at which a record's text and its metadata stand; null = the text stands inside a node, the metadata's keys are top-level ones. */
export function layoutPlaces(layout: Layout): {
  readonly document: string | null;
  readonly metadata: string | null;
} {
  const { document, metadata } = shapes[layout];
  return { document, metadata };
}

/** The payload path of a key to be indexed: the layout's own keys (and paths below them) as they are, any other as a key of the metadata. */
export function indexPath(layout: Layout, key: string): string {
  const shape = shapes[layout];
  const own = shape.reserved.some((name) => key === name || key.startsWith(`${name}.`));
  return own || shape.metadata === null ? key : `${shape.metadata}.${key}`;
}

/**
 * The payload path of one key of the metadata; null where no path can name it. A key of other characters than letters,
 * digits, _ and - stands in quotes, which a quote or a backslash cannot (qdrant 1.18, lib/segment/src/json_path).
 */
export function metadataPath(layout: Layout, key: string): string | null {
  if (/["\\]/.test(key)) return null;
  const step = /^[\p{L}\p{N}_-]+$/u.test(key) ? key : `"${key}"`;
  const { metadata } = shapes[layout];
  return metadata === null ? step : `${metadata}.${step}`;
}

/**
 * The keys of `metadata` (JSON text of an object) that meet a reserved one; none in layouts that keep metadata apart. What
 * LlamaIndex wrote of its own nodes is no conflict in its layout. @throws SyntaxError
 */
export function conflicts(metadata: string | null, layout: Layout): string[] {
  const shape = shapes[layout];
  if (metadata === null || shape.metadata !== null) return [];
  const keys = sliceObject(metadata);
  const reserved = layout === "llamaindex" && isOwnNode(metadata) ? beside : shape.reserved;
  return reserved.filter((key) => keys.has(key));
}

/** The payload of one row. The metadata's keys must not meet reserved ones (`conflicts`). */
export class RecordPayload implements PayloadParts {
  readonly #batch: PointBatch;
  readonly #row: number;
  readonly #layout: Layout;

  constructor(batch: PointBatch, row: number, layout: Layout) {
    this.#batch = batch;
    this.#row = row;
    this.#layout = layout;
  }

  get length(): number {
    const { documents, metadata } = this.#batch.payload;
    const document = documents[this.#row] ?? "";
    return markChars + document.length + (metadata[this.#row]?.length ?? 0);
  }

  putInto(sink: PayloadSink): void {
    const { payload, placement } = this.#batch;
    const row = this.#row;
    const layout = this.#layout;
    const shape = shapes[layout];
    const document = payload.documents[row] ?? null;
    const metadata = payload.metadata[row] ?? "{}";
    const tenant = placement.tenants[row] ?? null;
    const own =
      layout === "llamaindex" && isOwnNode(metadata) ? withText(metadata, document) : null;
    if (shape.metadata === null) sink.members(own?.metadata ?? metadata);
    if (shape.document !== null) putDocument(sink, shape.document, document, layout);
    else if (own === null) {
      const node = nodeMembers(placement.points[row] ?? "", document, metadata);
      for (const [key, value] of Object.entries(node)) sink.text(key, value);
    }
    if (shape.metadata !== null) sink.json(shape.metadata, metadata);
    if (tenant !== null) sink.text(tenantKey, tenant);
    putMark(sink, this.#batch, row, findInexact(metadata), own?.note);
  }
}

/** Characters that a mark and the keys around it take, about. */
const markChars = 160;

/** The frameworks refuse null. */
function putDocument(
  sink: PayloadSink,
  key: string,
  document: string | null,
  layout: Layout,
): void {
  if (document !== null) sink.text(key, document);
  else if (layout !== "langchain") sink.json(key, "null");
}

function putMark(
  sink: PayloadSink,
  { ids, payload, placement }: PointBatch,
  row: number,
  exact: ExactNumbers | null,
  node: string | undefined,
): void {
  const norm = placement.norms[row] ?? Number.NaN;
  sink.open(markKey);
  sink.text("id", ids[row] ?? "");
  putText(sink, "run", placement.runs[row]);
  putText(sink, "uri", payload.uris[row]);
  if (!Number.isNaN(norm)) sink.text("norm", floatText(norm));
  putText(sink, "collection", placement.collections[row]);
  putText(sink, "created_at", placement.createdAt?.[row]);
  if (exact !== null) {
    sink.open("exact");
    for (const [pointer, text] of exact) sink.text(pointer, text);
    sink.close();
  }
  putText(sink, "node", node);
  sink.close();
}

function putText(sink: PayloadSink, key: string, text: string | null | undefined): void {
  if (text !== null && text !== undefined) sink.text(key, text);
}

/** Reads the records of payloads that have one layout. */
export class PayloadDecoder {
  readonly #layout: Layout;
  readonly #members = new Members();
  readonly #mark = new Members();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * The record in a payload that `RecordPayload` made for the point `point`: the same values come back, type for type.
   * Whatever else stands there, or has another type than ours, comes out in `rest`, so that no alteration goes unseen.
   * @throws SyntaxError where the text is no JSON object
   */
  decode(text: string, point: string): DecodedPayload {
    const members = this.#members;
    const mark = this.#mark;
    members.read(text);
    mark.read(members.takeObject(markKey) ?? "{}");
    const id = mark.takeString("id");
    if (id === null) return foreign(text);
    const shape = shapes[this.#layout];
    const own = this.#layout === "llamaindex" ? takeOwnNode(members, mark) : null;
    const metadata = restoreMetadata(own?.metadata ?? takeMetadata(members, shape), mark);
    const document =
      own !== null
        ? own.document
        : shape.document === null
          ? takeNode(members, point, metadata)
          : takeDocument(members, shape.document);
    const uri = mark.takeString("uri");
    const tenant = members.takeString(tenantKey);
    const norm = takeNorm(mark);
    const run = mark.takeString("run");
    const collection = mark.takeString("collection");
    const createdAt = mark.takeString("created_at");
    return {
      id,
      document,
      uri,
      metadata: metadata === "{}" ? null : metadata,
      tenant,
      norm,
      run,
      collection,
      createdAt,
      rest: restOf(members, mark, createdAt),
    };
  }
}

/** What the layout does not know, and the time. */
function restOf(members: Members, mark: Members, createdAt: string | null): string | null {
  const time = createdAt === null ? null : JSON.stringify(createdAt);
  // Most payloads have nothing else.
  if (mark.size === 0 && members.size === 0)
    return time === null ? null : `{"${markKey}":{"created_at":${time}}}`;
  if (time !== null) mark.put("created_at", time);
  if (mark.size > 0) members.put(markKey, mark.join());
  return members.join();
}

function foreign(text: string): DecodedPayload {
  return {
    id: null,
    document: null,
    uri: null,
    metadata: null,
    tenant: null,
    norm: Number.NaN,
    run: null,
    collection: null,
    createdAt: null,
    rest: text,
  };
}

/** A document that is none may stand there as null. */
function takeDocument(members: Members, key: string): string | null {
  const document = members.takeString(key);
  if (document !== null) return document;
  const other = members.take(key);
  if (other !== null && other !== "null") members.put(key, other);
  return null;
}

/** A node that LlamaIndex wrote: it is the metadata, its text put back; null where the mark notes none. */
function takeOwnNode(members: Members, mark: Members): ReturnType<typeof withoutText> {
  const note = mark.takeString("node");
  if (note === null) return null;
  const metadata = members.takeOthers(beside);
  const own = withoutText(metadata, note);
  if (own === null) mark.put("node", JSON.stringify(note));
  return own ?? { metadata, document: null };
}

function takeNorm(mark: Members): number {
  const text = mark.takeString("norm");
  if (text === null) return Number.NaN;
  const norm = Number(text);
  if (Number.isNaN(norm) || floatText(norm) !== text) mark.put("norm", JSON.stringify(text));
  return norm;
}

/** Takes the metadata out as JSON text of an object. */
function takeMetadata(members: Members, shape: LayoutShape): string {
  return shape.metadata === null
    ? members.takeOthers(shape.reserved)
    : (members.takeObject(shape.metadata) ?? "{}");
}

/** The metadata with the noted numbers in their places; notes that do not fit stay in the mark. */
function restoreMetadata(metadata: string, mark: Members): string {
  const noted = mark.takeObject("exact");
  if (noted === null) return metadata;
  const texts = new Map<string, string>();
  const others: string[] = [];
  for (const [key, raw] of sliceObject(noted)) {
    if (raw.startsWith('"')) texts.set(key, stringOf(raw));
    else others.push(`${JSON.stringify(key)}:${raw}`);
  }
  const { json, unused } = restoreExact(metadata, texts);
  for (const [key, text] of unused) others.push(`${JSON.stringify(key)}:${JSON.stringify(text)}`);
  if (others.length > 0 || texts.size === 0) mark.put("exact", `{${others.join(",")}}`);
  return json;
}
