/**
 * Writes a folder in the layout of Chroma 1.5.9 directly, with no Chroma, as fast as the disk takes it: for tests and
 * measurements on collections that no server would write in a minute. The index has no graph (no links): it is for
 * reading, not for a server's search.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface MakeFolderOptions {
  readonly records: number;
  readonly dimension: number;
  /** Share of the records whose vectors stand in the index, the rest being queued. Default 1. */
  readonly flushedShare?: number;
  readonly distance?: "l2" | "cosine" | "ip";
  readonly name?: string;
  /** Characters of each document; 0 = no documents. Default 0. */
  readonly documentLength?: number;
  /** Metadata keys of each record, alternating integer, text, float. Default 1. */
  readonly metadataKeys?: number;
  /** Fills `target` with the vector of record `index`. Default: whole numbers and halves that follow from the index. */
  readonly fill?: (index: number, target: Float32Array) => void;
  /** What each record is beside its vector, in place of a made id, document and metadata. */
  readonly made?: readonly MadeRecord[];
}

export interface MadeRecord {
  readonly id: string;
  readonly document: string;
  readonly metadata: Readonly<Record<string, MadeValue>>;
}

/** A number is an integer. */
type MadeValue = string | number | boolean | { readonly float: number };

const collectionId = "11111111-1111-4111-8111-111111111111";
const vectorSegment = "22222222-2222-4222-8222-222222222222";
const metadataSegment = "33333333-3333-4333-8333-333333333333";
const databaseId = "00000000-0000-0000-0000-000000000000";
const linkBytes = 4 + 32 * 4;
const groupSize = 1000;

/** The id of record `index`. */
export function madeId(index: number): string {
  return `id-${index}`;
}

/** The default vector of record `index`: exact in float32, different for each record. */
export function madeVector(index: number, target: Float32Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] = ((index * 31 + i * 7) % 4093) / 2 + 1;
}

export function makeFolder(path: string, options: MakeFolderOptions): void {
  const flushed = Math.floor(options.records * (options.flushedShare ?? 1));
  mkdirSync(join(path, vectorSegment), { recursive: true });
  writeIndex(join(path, vectorSegment), flushed, options);
  writeDatabase(join(path, "chroma.sqlite3"), flushed, options);
}

function writeIndex(folder: string, flushed: number, options: MakeFolderOptions): void {
  const { dimension, distance = "l2", fill = madeVector } = options;
  const slotBytes = linkBytes + dimension * 4 + 8;
  const header = Buffer.alloc(100);
  header.writeInt32LE(1, 0);
  const fields: [number, number][] = [
    [12, flushed],
    [20, flushed],
    [28, slotBytes],
    [36, slotBytes - 8],
    [44, linkBytes],
    [60, 16],
    [68, 32],
    [76, 16],
    [92, 100],
  ];
  for (const [at, value] of fields) header.writeBigUInt64LE(BigInt(value), at);
  header.writeDoubleLE(1 / Math.log(16), 84);
  writeFile(join(folder, "header.bin"), [header]);
  const data = openSync(join(folder, "data_level0.bin"), "w");
  const lengths = openSync(join(folder, "length.bin"), "w");
  const slots = Math.max(1, Math.floor((4 << 20) / slotBytes));
  const bytes = Buffer.from(new ArrayBuffer(slots * slotBytes));
  const norms = new Float32Array(slots);
  const vector = new Float32Array(dimension);
  for (let first = 0; first < flushed; first += slots) {
    const count = Math.min(slots, flushed - first);
    for (let slot = 0; slot < count; slot += 1) {
      fill(first + slot, vector);
      norms[slot] = distance === "cosine" ? normalize(vector) : 1;
      const at = slot * slotBytes;
      new Float32Array(bytes.buffer, at + linkBytes, dimension).set(vector);
      bytes.writeUInt32LE(first + slot + 1, at + slotBytes - 8);
    }
    writeSync(data, bytes, 0, count * slotBytes);
    writeSync(lengths, new Uint8Array(norms.buffer, 0, count * 4));
  }
  closeSync(data);
  closeSync(lengths);
  writeFile(join(folder, "link_lists.bin"), [Buffer.alloc(flushed * 4)]);
  if (flushed > 0) {
    const idOf = (index: number) => options.made?.[index]?.id ?? madeId(index);
    writeFile(join(folder, "index_metadata.pickle"), pickle(flushed, idOf));
  }
}

function normalize(vector: Float32Array): number {
  const norm = Math.fround(Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)));
  vector.forEach((value, i) => {
    vector[i] = value / (norm || 1);
  });
  return norm;
}

/** The Rust server's flavour: protocol 3, groups of 1,000 entries. */
function* pickle(count: number, idOf: (index: number) => string): Generator<Uint8Array> {
  yield Buffer.from([0x80, 3, 0x7d, 0x28]);
  yield Buffer.concat([text("dimensionality"), Buffer.from("N")]);
  yield Buffer.concat([text("total_elements_added"), integer(count)]);
  yield Buffer.concat([
    text("max_seq_id"),
    Buffer.from("N"),
    text("id_to_label"),
    Buffer.from("}"),
  ]);
  yield* groups(count, (index) => [text(idOf(index)), integer(index + 1)]);
  yield Buffer.concat([text("label_to_id"), Buffer.from("}")]);
  yield* groups(count, (index) => [integer(index + 1), text(idOf(index))]);
  yield Buffer.concat([text("id_to_seq_id"), Buffer.from("}u.")]);
}

function* groups(count: number, entry: (index: number) => Uint8Array[]): Generator<Uint8Array> {
  for (let first = 0; first < count; first += groupSize) {
    const parts: Uint8Array[] = [Buffer.from("(")];
    for (let i = first; i < Math.min(count, first + groupSize); i += 1) parts.push(...entry(i));
    parts.push(Buffer.from("u"));
    yield Buffer.concat(parts);
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(5);
  head[0] = 0x58;
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x4a;
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function writeFile(path: string, parts: Iterable<Uint8Array>): void {
  const file = openSync(path, "w");
  for (const part of parts) writeSync(file, part);
  closeSync(file);
}

const schema = `
  create table migrations (dir text not null, version integer not null, filename text not null, sql text not null, hash text not null, primary key (dir, version));
  create table tenants (id text primary key, unique (id));
  create table databases (id text primary key, name text not null, tenant_id text not null references tenants(id) on delete cascade, unique (tenant_id, name));
  create table collections (id text primary key, name text not null, dimension integer, database_id text not null references databases(id) on delete cascade, config_json_str text, schema_str text, unique (name, database_id));
  create table collection_metadata (collection_id text references collections(id) on delete cascade, key text not null, str_value text, int_value integer, float_value real, bool_value integer, primary key (collection_id, key));
  create table segments (id text primary key, type text not null, scope text not null, collection text references collection(id) not null);
  create table segment_metadata (segment_id text references segments(id) on delete cascade, key text not null, str_value text, int_value integer, float_value real, bool_value integer, primary key (segment_id, key));
  create table embeddings (id integer primary key, segment_id text not null, embedding_id text not null, seq_id blob not null, created_at timestamp not null default current_timestamp, unique (segment_id, embedding_id));
  create table embedding_metadata (id integer references embeddings(id), key text not null, string_value text, int_value integer, float_value real, bool_value integer, primary key (id, key));
  create table embedding_metadata_array (id integer not null references embeddings(id), key text not null, string_value text, int_value integer, float_value real, bool_value integer);
  create index embedding_metadata_array_id_key on embedding_metadata_array (id, key);
  create table max_seq_id (segment_id text primary key, seq_id integer);
  create table embeddings_queue (seq_id integer primary key, created_at timestamp not null default current_timestamp, operation integer not null, topic text not null, id text not null, vector blob, encoding text, metadata text);
  insert into migrations values ('sysdb', 10, '', '', ''), ('metadb', 6, '', '', ''), ('embeddings_queue', 2, '', '', '');
  insert into tenants values ('default_tenant');
  insert into databases values ('${databaseId}', 'default_database', 'default_tenant');
  insert into segments values ('${vectorSegment}', 'urn:chroma:segment/vector/hnsw-local-persisted', 'VECTOR', '${collectionId}'),
    ('${metadataSegment}', 'urn:chroma:segment/metadata/sqlite', 'METADATA', '${collectionId}');`;

function writeDatabase(path: string, flushed: number, options: MakeFolderOptions): void {
  const { records, dimension, distance = "l2", name = "made", fill = madeVector } = options;
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(`pragma synchronous = off; pragma cache_size = -262144; ${schema} begin`);
  const config = { space: distance };
  const schemaText = JSON.stringify({
    keys: { "#embedding": { float_list: { vector_index: { enabled: true, config } } } },
  });
  database
    .prepare("insert into collections values (?, ?, ?, ?, '{}', ?)")
    .run(collectionId, name, dimension, databaseId, schemaText);
  const flushedSeq = database.prepare("insert into max_seq_id values (?, ?)");
  if (flushed > 0) flushedSeq.run(vectorSegment, flushed);
  flushedSeq.run(metadataSegment, records);
  const member = database.prepare(
    "insert into embeddings (id, segment_id, embedding_id, seq_id) values (?, ?, ?, ?)",
  );
  const value = database.prepare("insert into embedding_metadata values (?, ?, ?, ?, ?, ?)");
  const queued = database.prepare(
    "insert into embeddings_queue (seq_id, operation, topic, id, vector, encoding, metadata) values (?, 0, ?, ?, ?, 'FLOAT32', '{}')",
  );
  const vector = new Float32Array(dimension);
  const topic = `persistent://default/default/${collectionId}`;
  for (let index = 0; index < records; index += 1) {
    const seq = index + 1;
    const { id, document, metadata } = options.made?.[index] ?? madeRecord(index, options);
    member.run(seq, metadataSegment, id, BigInt(seq));
    if (document !== "") value.run(seq, "chroma:document", document, null, null, null);
    for (const [key, one] of Object.entries(metadata)) value.run(seq, key, ...columnsOf(one));
    if (index < flushed) continue;
    fill(index, vector);
    queued.run(seq, topic, id, new Uint8Array(vector.buffer));
  }
  database.exec("commit");
  database.close();
}

function madeRecord(index: number, options: MakeFolderOptions): MadeRecord {
  const { documentLength = 0, metadataKeys = 1 } = options;
  const kinds = [index, `text ${index}`, { float: index / 4 }];
  return {
    id: madeId(index),
    document:
      documentLength === 0 ? "" : `Document ${index} `.padEnd(documentLength, "lorem ipsum "),
    metadata: Object.fromEntries(
      Array.from({ length: metadataKeys }, (_, key) => [`k${key}`, kinds[key % 3] ?? 0]),
    ),
  };
}

/** The four value columns: text, integer, float, boolean. */
function columnsOf(value: MadeValue): (string | number | null)[] {
  if (typeof value === "string") return [value, null, null, null];
  if (typeof value === "boolean") return [null, null, null, value ? 1 : 0];
  return typeof value === "number" ? [null, value, null, null] : [null, null, value.float, null];
}
