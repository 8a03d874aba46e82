/**
 * Queries from a file: vectors as JSON lines (an array of numbers each), or a NumPy array (numpy.lib.format 1.0 to 3.0):
 *
 *     0   "\x93NUMPY"            6   major, minor version
 *     8   length of the header: 2 bytes little-endian in version 1, 4 bytes in 2 and 3
 *     10 or 12   the header, text: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 384), }
 *     then the components, row by row; '<f4' is float32, '<f8' float64; one dimension is one query
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { VectorError } from "../../errors.ts";
import { parseJson } from "../../util/json.ts";

export interface QueryVectors {
  readonly count: number;
  readonly dimension: number;
  /** Row-major. */
  readonly data: Float32Array;
}

/** Queries that one comparison takes. */
const queriesMax = 10_000;
const dimensionMax = 65_536;
/** Bytes of a file's queries at most, as float32. */
const bytesMax = 512 * 1024 * 1024;
const magic = "\x93NUMPY";

/** @throws E_INPUT for a file that is empty, not in either form, of uneven dimension, or with a component that is not finite; E_CONFIG where it cannot be read */
export async function readQueries(path: string): Promise<QueryVectors> {
  try {
    await using file = await open(path);
    const start = Buffer.alloc(12);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    if (bytesRead === 0) throw bad(path, "is empty");
    return start.toString("latin1", 0, magic.length) === magic
      ? await readNpy(path, file, start)
      : await readLines(path);
  } catch (error) {
    if (error instanceof VectorError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new VectorError("E_CONFIG", `--queries: the file ${path} cannot be read (${code}).`, {
      cause: error,
      next: "Give the path of a file that is there and may be read.",
    });
  }
}

async function readLines(path: string): Promise<QueryVectors> {
  const rows: Float32Array[] = [];
  let number = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      number += 1;
      // A byte order mark, as Windows writes it, is no part of the first line.
      const text = number === 1 ? line.replace(/^\uFEFF/, "") : line;
      if (text.trim() === "") continue;
      const row = vectorOf(path, text, number);
      const dimension = rows[0]?.length ?? row.length;
      if (row.length !== dimension)
        throw bad(path, `has ${row.length} components in line ${number}, and ${dimension} before`);
      if (rows.length >= queriesMax) throw bad(path, `has more than ${queriesMax} vectors`);
      rows.push(row);
      if (rows.length * dimension * 4 > bytesMax) throw bad(path, "holds more than 512 MiB");
    }
  } finally {
    lines.close();
  }
  const [first] = rows;
  if (first === undefined) throw bad(path, "holds no vector");
  const data = new Float32Array(rows.length * first.length);
  for (const [index, row] of rows.entries()) data.set(row, index * first.length);
  return { count: rows.length, dimension: first.length, data };
}

function vectorOf(path: string, line: string, number: number): Float32Array {
  const value = parseJson(line);
  const notFinite = value === undefined ? /\bNaN\b|-?\bInf(?:inity)?\b/i.exec(line) : null;
  if (notFinite !== null) {
    const component = line.slice(0, notFinite.index).split(",").length;
    throw bad(
      path,
      `has ${notFinite[0]}, not a finite number, as component ${component} of line ${number}`,
    );
  }
  if (!Array.isArray(value) || value.length === 0)
    throw bad(path, `has no array of numbers in line ${number}`);
  const row = new Float32Array(value.length);
  for (const [index, component] of value.entries()) {
    if (typeof component !== "number")
      throw bad(
        path,
        `has a component that is no number in line ${number} (component ${index + 1})`,
      );
    row[index] = component;
  }
  assertFinite(path, row, `line ${number}`);
  return row;
}

async function readNpy(path: string, file: FileHandle, start: Buffer): Promise<QueryVectors> {
  const long = (start[6] ?? 0) >= 2;
  const headerAt = long ? 12 : 10;
  const headerBytes = long ? start.readUInt32LE(8) : start.readUInt16LE(8);
  if (headerBytes > 65_536) throw bad(path, "has a header that is no NumPy array's");
  const header = Buffer.alloc(headerBytes);
  await file.read(header, 0, headerBytes, headerAt);
  const { wide, count, dimension } = parseHeader(path, header.toString("latin1"));
  if (count > queriesMax) throw bad(path, `has more than ${queriesMax} vectors`);
  if (count === 0 || dimension === 0) throw bad(path, "holds no vector");
  if (dimension > dimensionMax || count * dimension * 4 > bytesMax)
    throw bad(path, "holds more than 512 MiB, or vectors of more than 65,536 components");
  const bytes = Buffer.alloc(count * dimension * (wide ? 8 : 4));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, headerAt + headerBytes);
  if (bytesRead < bytes.length) throw bad(path, "is shorter than its header says");
  const { size } = await file.stat();
  if (size > headerAt + headerBytes + bytes.length)
    throw bad(path, "is longer than its header says");
  const data = wide
    ? new Float32Array(new Float64Array(bytes.buffer, bytes.byteOffset, count * dimension))
    : new Float32Array(bytes.buffer, bytes.byteOffset, count * dimension);
  for (let row = 0; row < count; row += 1)
    assertFinite(path, data.subarray(row * dimension, (row + 1) * dimension), `row ${row}`);
  return { count, dimension, data };
}

function parseHeader(
  path: string,
  header: string,
): { readonly wide: boolean; readonly count: number; readonly dimension: number } {
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(\s*(\d{1,12})\s*,\s*(\d{1,12})?\s*,?\s*\)/.exec(header);
  if (descr === undefined || order === undefined)
    throw bad(path, "has a header that is no NumPy array's");
  if (descr !== "<f4" && descr !== "<f8")
    throw bad(path, `holds numbers of the type ${descr.slice(0, 40)}; '<f4' and '<f8' are read`);
  if (order === "True") throw bad(path, "is in Fortran's order; save it with order='C'");
  if (shape === null) throw bad(path, "has not one dimension or two");
  const [, first, second] = shape;
  return second === undefined
    ? { wide: descr === "<f8", count: 1, dimension: Number(first) }
    : { wide: descr === "<f8", count: Number(first), dimension: Number(second) };
}

/** A float64 beyond float32's range is not finite either. */
function assertFinite(path: string, row: Float32Array, where: string): void {
  const at = row.findIndex((component) => !Number.isFinite(component));
  if (at !== -1)
    throw bad(path, `has a component that is not finite in ${where} (component ${at + 1})`);
}

function bad(path: string, what: string): VectorError {
  return new VectorError("E_INPUT", `--queries: the file ${path} ${what}.`, {
    next: "Give a file with one JSON array of numbers a line, or a NumPy array of float32 or float64 (.npy).",
    details: { field: "--queries" },
  });
}
