/** Vectors in JSON: of request bodies, and in answers. */
import type { DenseColumn, MultiColumn, SparseColumn, VectorColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { isObject, sliceArray } from "../../util/json.ts";
import { badInput, breaks, malformed, notImplemented, readUnkept } from "../errors.ts";
import { asStruct, fields } from "../struct-list.ts";
import { wrongDimension, wrongKind } from "../vectors/checks.ts";
import type { QueryVector } from "../vectors/vector-set.ts";
import { embedText, isBm25, type TextRole } from "./bm25.ts";
import { Members, parse, structOf } from "./body.ts";
import { float32Text, vectorText } from "./float-text.ts";

type GivenVector =
  | { readonly kind: "dense"; readonly data: readonly number[] }
  | { readonly kind: "multi"; readonly data: readonly (readonly number[])[] }
  | {
      readonly kind: "sparse";
      readonly indices: readonly number[];
      readonly values: readonly number[];
    };

/** One point's vectors by name; the unnamed one has the name ''. */
export type GivenVectors = Map<string, GivenVector>;

const indexMax = 2 ** 32 - 1;

function areNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((member) => typeof member === "number");
}

function areIndices(value: unknown): value is number[] {
  return (
    areNumbers(value) &&
    value.every((index) => Number.isInteger(index) && index >= 0 && index <= indexMax)
  );
}

function refuse(path: string, words: string): void {
  breaks(`Validation error in JSON body: [${path}: ${words}]`);
}

function toMulti(data: number[][], path: string): GivenVector {
  const dimension = data[0]?.length ?? 0;
  for (const vector of data) {
    if (vector.length === 0) refuse(`${path}.data`, "all vectors must be non-empty");
    if (vector.length !== dimension) {
      refuse(
        `${path}.data`,
        `all vectors must have the same dimension, found vector with dimension ${vector.length}`,
      );
    }
  }
  return { kind: "multi", data };
}

function toSparse(indices: number[], values: number[], path: string): GivenVector {
  if (indices.length !== values.length) {
    refuse(`${path}.values`, "Validation error: must be the same length as indices [{}]");
  }
  if (new Set(indices).size !== indices.length)
    refuse(`${path}.indices`, "Validation error: must be unique [{}]");
  return { kind: "sparse", indices, values };
}

/** A dense vector or a multivector, which stands at `path`; null where the value is neither. @throws E_INPUT (422) */
function toPlainVector(value: unknown, path: string): GivenVector | null {
  if (areNumbers(value)) {
    if (value.length === 0) refuse(`${path}.vector`, "dense vector must not be empty");
    return { kind: "dense", data: value };
  }
  return Array.isArray(value) && value.every(areNumbers) ? toMulti(value, path) : null;
}

/**
 * A vector of any kind, which stands at `path`; null where the text is none. `role`: what a text in its place is; null = none may be.
 * @throws E_INPUT (422; 400 for a text with wrong options), E_NOT_SUPPORTED
 */
function toVector(text: string, path: string, role: TextRole | null): GivenVector | null {
  const value = parse(text);
  if (areNumbers(value)) return toPlainVector(value, path);
  const sparse = toSparseVector(structOf(text, sparseFields), path);
  if (sparse !== null) return sparse;
  const model = modelOf(value);
  return model === null || role === null
    ? toPlainVector(value, path)
    : toEmbedded(text, model, role);
}

const sparseFields = fields("indices values");

/** A list of a list of integers and one of numbers too, which might be a multivector as well: a server tries this first. */
function toSparseVector(sparse: Members | null, path: string): GivenVector | null {
  const positions = sparse?.raw("indices");
  const indices = parse(positions ?? "null");
  const values = parse(sparse?.raw("values") ?? "null");
  if (!areIndices(indices) || !areNumbers(values)) return null;
  // A float is no index, whole or not; nor is -0, which is one.
  return /[-.e]/i.test(positions ?? "") ? null : toSparse(indices, values, path);
}

const documentFields = fields("text model options?");

/** The model that would make a vector of it; null where it is nothing of that kind. */
function modelOf(value: unknown): string | null {
  const given = isObject(value) ? value : asStruct(value, documentFields);
  const model = given?.["model"];
  if (given === null || typeof model !== "string") return null;
  return isDocument(given) || "image" in given || "object" in given ? model : null;
}

function isDocument({ text, options = null }: Readonly<Record<string, unknown>>): boolean {
  return typeof text === "string" && (options === null || isObject(options));
}

const otherModels = "inference by other models than qdrant/bm25";

/** What stands in place of a vector, as a vector. @throws E_INPUT (400), E_NOT_SUPPORTED */
function toEmbedded(text: string, model: string, role: TextRole): GivenVector {
  if (!isBm25(model)) throw notImplemented(otherModels);
  const members = structOf(text, documentFields);
  const written: unknown = parse(members?.raw("text") ?? "null");
  const options = members?.raw("options") ?? "{}";
  if (typeof written !== "string" || !isObject(parse(options)))
    throw badInput(`Wrong input: Only text input is supported for ${model}.`);
  return { kind: "sparse", ...embedText(written, role, options) };
}

/** A text (or an image) that has no vector's name. @throws E_INPUT, E_NOT_SUPPORTED */
function refuseUnnamed(value: unknown, words: string): void {
  const model = modelOf(value);
  if (model === null) return;
  throw isBm25(model) ? badInput(words) : notImplemented(otherModels);
}

function unlike(type: "VectorStruct" | "BatchVectorStruct"): Error {
  return malformed(`data did not match any variant of untagged enum ${type}`);
}

/**
 * A `vector` member, which stands at `path`: a vector without a name, or an object of vectors by name. `unnamed`: the words that
 * refuse a text without a name. @throws E_INPUT, E_NOT_SUPPORTED
 */
export function toGivenVectors(text: string, path: string, unnamed: string): GivenVectors {
  return readGiven(text, namedIn(text), path, unnamed);
}

/** The vectors by name; null where the text is no object. */
function namedIn(text: string): Members | null {
  return text.startsWith("{") ? new Members(text) : null;
}

function readGiven(
  text: string,
  named: Members | null,
  path: string,
  unnamed: string,
): GivenVectors {
  if (named === null) {
    const value = parse(text);
    const vector = toPlainVector(value, path);
    if (vector !== null) return new Map([["", vector]]);
    refuseUnnamed(value, unnamed);
    throw unlike("VectorStruct");
  }
  const given: GivenVectors = new Map();
  for (const name of named.names()) {
    const vector = toVector(named.raw(name) ?? "null", `${path}.?`, "document");
    if (vector === null) {
      refuseUnnamed(parse(text), unnamed);
      throw unlike("VectorStruct");
    }
    given.set(name, vector);
  }
  return given;
}

/**
 * As `toGivenVectors`, where vectors alone are written: of a name that stands twice a server takes the last, and reads both.
 * @throws E_INPUT, E_NOT_SUPPORTED
 */
export function toUpdatedVectors(text: string, path: string, unnamed: string): GivenVectors {
  const named = namedIn(text);
  for (const each of named?.overwritten ?? []) {
    readUnkept(() => {
      if (toVector(each, path, "document") === null) throw unlike("VectorStruct");
    });
  }
  return readGiven(text, named, path, unnamed);
}

const unnamedInBatch =
  "Direct Document processing is not supported in top-level batch vectors. Use named vectors.";

/** The `vectors` of a batch of so many points: a list, or a list for each name. @throws E_INPUT */
export function toBatchVectors(text: string, rows: number): GivenVectors[] {
  const given: GivenVectors[] = Array.from({ length: rows }, () => new Map());
  const named = text.startsWith("{") ? new Members(text) : null;
  for (const name of named?.names() ?? [""]) {
    const list = named === null ? text : named.raw(name);
    if (list?.startsWith("[") !== true) throw unlike("BatchVectorStruct");
    const texts = sliceArray(list);
    if (texts.length !== rows) {
      refuse("batch.batch", `number of ids and vectors must be equal (${rows} != ${texts.length})`);
    }
    for (const [row, each] of texts.entries()) {
      const at = "batch.?";
      const vector =
        named === null ? toPlainVector(parse(each), at) : toVector(each, at, "document");
      if (vector === null) {
        if (named === null) refuseUnnamed(parse(each), unnamedInBatch);
        throw unlike("BatchVectorStruct");
      }
      given[row]?.set(name, vector);
    }
  }
  return given;
}

/**
 * A query's vector, which stands at `path`; null where the text is none. `embeds`: whether a text may stand in its place.
 * @throws E_INPUT, E_NOT_SUPPORTED
 */
export function toQueryVector(text: string, path: string, embeds: boolean): QueryVector | null {
  if (!/^[[{]/.test(text)) return null;
  if (/^\[\s*\]$/.test(text)) return { kind: "dense", data: new Float32Array() };
  const vector = toVector(text, path, embeds ? "query" : null);
  switch (vector?.kind) {
    case "dense":
      return { kind: "dense", data: Float32Array.from(vector.data) };
    case "multi":
      return {
        kind: "multi",
        dimension: vector.data[0]?.length ?? 0,
        data: Float32Array.from(vector.data.flat()),
      };
    case "sparse":
      return {
        kind: "sparse",
        indices: Uint32Array.from(vector.indices),
        values: Float32Array.from(vector.values),
      };
  }
  return null;
}

/** Components that the columns of a request may have room for: 1 GiB; or this many times those that are given. */
const roomMax = 2 ** 28;
const roomTimesMax = 16;

/** A vector of one name, with its row; in the order of rows. */
type Entry = readonly [row: number, vector: GivenVector];

/** Where a collection lacks the name it only counts which rows have one: nobody looks at it. */
const unlooked: GivenVector = { kind: "dense", data: [0] };

/**
 * The rows' vectors as columns, one for each name; `known`: names that the collection has.
 * @throws E_INPUT where those of one name are of several kinds or dimensions
 */
export function toVectorColumns(
  rows: readonly GivenVectors[],
  known: ReadonlyMap<string, unknown>,
): Map<string, VectorColumn> {
  const entries = new Map<string, Entry[]>();
  for (const [row, vectors] of rows.entries()) {
    for (const [name, given] of vectors) {
      const vector = known.has(name) ? given : unlooked;
      const list = entries.get(name);
      if (list === undefined) entries.set(name, [[row, vector]]);
      else list.push([row, vector]);
    }
  }
  checkRoom(entries.values(), rows.length);
  const columns = new Map<string, VectorColumn>();
  for (const [name, list] of entries) columns.set(name, toColumn(list, rows.length, name));
  return columns;
}

/** A column has room for every row: few long vectors among many rows, or many names, are more than their text. @throws E_INPUT */
function checkRoom(lists: Iterable<readonly Entry[]>, rows: number): void {
  let room = 0;
  let given = 0;
  for (const list of lists) {
    const dimension = list[0]?.[1].kind === "dense" ? list[0][1].data.length : 1;
    room += rows * dimension;
    given += list.length * dimension;
  }
  if (room > roomMax && room > given * roomTimesMax)
    throw badInput(
      "Bad request: Too many points for vectors that so few of them have; send these by themselves",
    );
}

function toColumn(entries: readonly Entry[], rows: number, name: string): VectorColumn {
  const kinds = new Set(entries.map(([, { kind }]) => kind));
  if (kinds.has("sparse")) {
    if (kinds.size > 1) throw wrongKind(name, "sparse", "dense");
    return toSparseColumn(entries, rows);
  }
  return kinds.has("multi")
    ? toMultiColumn(entries, rows, name)
    : toDenseColumn(entries, rows, name);
}

function presence(entries: readonly Entry[], rows: number): Uint8Array | null {
  if (entries.length === rows) return null;
  const present = new Uint8Array(rows);
  for (const [row] of entries) present[row] = 1;
  return present;
}

function toDenseColumn(entries: readonly Entry[], rows: number, name: string): DenseColumn {
  const first = entries[0]?.[1];
  const dimension = first?.kind === "dense" ? first.data.length : 0;
  const data = new Float32Array(rows * dimension);
  for (const [row, vector] of entries) {
    if (vector.kind !== "dense") continue;
    if (vector.data.length !== dimension) throw wrongDimension(dimension, vector.data.length, name);
    data.set(vector.data, row * dimension);
  }
  return { kind: "dense", dimension, data, present: presence(entries, rows) };
}

/** Where each row's part begins, and behind them the end. */
function offsetsOf(lengths: Iterable<readonly [row: number, length: number]>, rows: number) {
  const offsets = new Uint32Array(rows + 1);
  for (const [row, length] of lengths) offsets[row + 1] = length;
  for (let row = 0; row < rows; row += 1)
    offsets[row + 1] = (offsets[row + 1] ?? 0) + (offsets[row] ?? 0);
  return offsets;
}

function toMultiColumn(entries: readonly Entry[], rows: number, name: string): MultiColumn {
  const lists = entries.map(([row, vector]) => {
    const inner =
      vector.kind === "multi" ? vector.data : vector.kind === "dense" ? [vector.data] : [];
    return { row, inner };
  });
  const all = lists.flatMap(({ inner }) => inner);
  const dimension = all[0]?.length ?? 0;
  const data = new Float32Array(all.length * dimension);
  for (const [at, vector] of all.entries()) {
    if (vector.length !== dimension) throw wrongDimension(dimension, vector.length, name);
    data.set(vector, at * dimension);
  }
  return {
    kind: "multi",
    dimension,
    offsets: offsetsOf(
      lists.map(({ row, inner }) => [row, inner.length]),
      rows,
    ),
    data,
    present: presence(entries, rows),
  };
}

function toSparseColumn(entries: readonly Entry[], rows: number): SparseColumn {
  const sparse = entries.flatMap(([row, vector]) =>
    vector.kind === "sparse" ? { row, ...vector } : [],
  );
  return {
    kind: "sparse",
    offsets: offsetsOf(
      sparse.map(({ row, indices }) => [row, indices.length]),
      rows,
    ),
    indices: Uint32Array.from(sparse.flatMap(({ indices }) => indices)),
    values: Float32Array.from(sparse.flatMap(({ values }) => values)),
    present: presence(entries, rows),
  };
}

/** A row's vectors as JSON text: one alone where there is only the unnamed, else an object of them by name. */
export function vectorsText(columns: ReadonlyMap<string, VectorColumn>, row: number): string {
  const given: [string, string][] = [];
  for (const [name, column] of columns)
    if (isPresent(column, row)) given.push([name, rowText(column, row)]);
  const [only] = given;
  if (given.length === 1 && only?.[0] === "") return only[1];
  return `{${given.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

function rowText(column: VectorColumn, row: number): string {
  if (column.kind === "dense")
    return vectorText(column.data, row * column.dimension, column.dimension);
  const start = column.offsets[row] ?? 0;
  const end = column.offsets[row + 1] ?? 0;
  if (column.kind === "sparse") {
    const values = Array.from(column.values.subarray(start, end), float32Text);
    return `{"indices":[${column.indices.subarray(start, end).join(",")}],"values":[${values.join(",")}]}`;
  }
  const { data, dimension } = column;
  const vectors = Array.from({ length: end - start }, (_, at) =>
    vectorText(data, (start + at) * dimension, dimension),
  );
  return `[${vectors.join(",")}]`;
}
