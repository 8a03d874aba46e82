/** The index file and the documents' file of one generation, read and written in step: vector n and line n are one record. */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { plainPointId, tenantPointId } from "../../model/point-id.ts";
import { Turns } from "../../util/turns.ts";
import { damaged, linesOf, openFile, PieceWriter, readExactly } from "./files.ts";
import {
  assertIdCount,
  encodeHead,
  encodeIdCount,
  headBytesMax,
  type IdMap,
  type IndexHead,
  idsAt,
  parseHead,
  vectorsAt,
} from "./index-file.ts";
import { encodeLine, type ParsedLine, parseLine } from "./line.ts";
import { filesOf } from "./manifest.ts";
import type { Row } from "./row.ts";

/** Bytes of vectors that are read at once. */
const readBytes = 1 << 20;

export interface Base {
  readonly head: IndexHead;
  readonly rows: Row[];
  /** Whether every line names a tenant: points that it leaves out are made of tenant and id then. */
  readonly tenanted: boolean;
  readonly bytes: number;
}

/** Reads both files. @throws E_STORAGE that names the file, and the line where one is at fault */
export async function readBase(folder: string, generation: number): Promise<Base> {
  const names = filesOf(generation);
  const [index, documents] = [join(folder, names.index), join(folder, names.documents)];
  await using indexHandle = await openFile(index);
  await using documentsHandle = await openFile(documents);
  const head = await readHead(index, indexHandle);
  const lines = await readLines(documents, documentsHandle, head.count);
  const sizes = await Promise.all([indexHandle.stat(), documentsHandle.stat()]);
  if (lines.length !== head.count)
    throw damaged(documents, `it has ${lines.length} lines, and ${index} ${head.count} vectors`);
  const labels = await readLabels(index, indexHandle, head);
  const tenanted = lines.length > 0 && lines.every(({ tenant }) => tenant !== null);
  const vectors = vectorsOf(index, indexHandle, head);
  const rows: Row[] = [];
  for await (const group of vectors) {
    for (const vector of group) {
      const line = lines[rows.length];
      if (line === undefined) break;
      const label = labels?.[rows.length] ?? null;
      rows.push({ ...placed(line, label ?? BigInt(rows.length), tenanted), vector, label });
    }
  }
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
  return { head, rows, tenanted, bytes };
}

async function readHead(file: string, handle: FileHandle): Promise<IndexHead> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(Math.min(size, headBytesMax));
  await readExactly(file, handle, bytes, 0);
  return checked(file, () => parseHead(bytes, size));
}

async function readLines(file: string, handle: FileHandle, count: number): Promise<ParsedLine[]> {
  const turns = new Turns();
  const lines: ParsedLine[] = [];
  for await (const group of linesOf(file, handle)) {
    for (const text of group) {
      const place = `line ${lines.length + 1}`;
      if (lines.length === count)
        throw damaged(file, `it has more lines than vectors, at ${place}`);
      lines.push(checked(file, () => parseLine(text), place));
      if (turns.over) await turns.next();
    }
  }
  return lines;
}

async function readLabels(
  file: string,
  handle: FileHandle,
  head: IndexHead,
): Promise<BigInt64Array | null> {
  if (head.idMap === null) return null;
  const count = Buffer.alloc(8);
  await readExactly(file, handle, count, idsAt(head) - 8);
  checked(file, () => assertIdCount(count, head));
  const labels = new BigInt64Array(head.count);
  await readExactly(file, handle, new Uint8Array(labels.buffer), idsAt(head));
  return labels;
}

async function* vectorsOf(
  file: string,
  handle: FileHandle,
  head: IndexHead,
): AsyncGenerator<Float32Array[]> {
  const { count, dimension } = head;
  const rowsMax = Math.max(1, Math.floor(readBytes / (dimension * 4)));
  for (let row = 0; row < count; row += rowsMax) {
    const data = new Float32Array(Math.min(rowsMax, count - row) * dimension);
    const at = vectorsAt(head) + row * dimension * 4;
    await readExactly(file, handle, new Uint8Array(data.buffer), at);
    yield Array.from({ length: data.length / dimension }, (_, i) =>
      data.slice(i * dimension, (i + 1) * dimension),
    );
  }
}

/** The line with an id and a point: those that another program left out are the index's own id (or the line's number), and what vecferry makes of it. */
function placed(line: ParsedLine, label: bigint, tenanted: boolean) {
  const id = line.id ?? String(label);
  const { tenant } = line;
  const made = tenanted && tenant !== null ? tenantPointId(tenant, id) : plainPointId(id);
  return { ...line, id, point: line.point ?? made };
}

/** What `parse` gives; its SyntaxError becomes E_STORAGE with the file's name. */
function checked<Result>(file: string, parse: () => Result, place?: string): Result {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const what = place === undefined ? error.message : `${place}: ${error.message}`;
    throw damaged(file, what, error);
  }
}

/** Writes both files of a generation, and returns their bytes when they are on the disk. @throws E_DISK_FULL, E_CONFIG */
export async function writeBase(
  folder: string,
  generation: number,
  rows: readonly Row[],
  shape: Omit<IndexHead, "count"> & { readonly idMap: IdMap | null },
): Promise<number> {
  const names = filesOf(generation);
  const head: IndexHead = { ...shape, count: rows.length };
  const turns = new Turns();
  let bytes = 0;
  {
    await using index = await PieceWriter.create(join(folder, names.index));
    const add = async (part: Uint8Array): Promise<void> => {
      bytes += part.length;
      await index.add(part);
      if (turns.over) await turns.next();
    };
    await add(encodeHead(head));
    for (const { vector } of rows)
      await add(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
    if (head.idMap !== null) {
      await add(encodeIdCount(head));
      for (const { label } of rows)
        await add(new Uint8Array(BigInt64Array.of(label ?? -1n).buffer));
    }
    await index.finish();
  }
  await using documents = await PieceWriter.create(join(folder, names.documents));
  for (const row of rows) {
    const line = Buffer.from(`${encodeLine(row)}\n`);
    bytes += line.length;
    await documents.add(line);
    if (turns.over) await turns.next();
  }
  await documents.finish();
  return bytes;
}
