/**
 * Products, or squared differences, of many vectors with many others, summed in float64, by WebAssembly with 128-bit SIMD:
 * six times what the same loops in JavaScript do.
 *
 * A tile is 4 queries by 2 rows; its function reads both interleaved by pairs of components and keeps 8 sums in registers:
 *
 *     queries   4 × 2 doubles a pair of components: q0[0] q0[1] q1[0] q1[1] … q3[1], then q0[2] …
 *     rows      2 × 2 doubles a pair of components
 *     sums      8 doubles: q0·r0 q0·r1 q1·r0 … q3·r1
 *
 * The module (WebAssembly 2.0, binary format): imports one memory and exports `product` and `square`, both of
 * (queries i32, rows i32, end of the queries i32, sums i32). Its bytes are put together below, an instruction a helper.
 */

const queriesATile = 4;
const rowsATile = 2;
const sumsATile = queriesATile * rowsATile;
const doubleBytes = 8;
const pairBytes = 2 * doubleBytes;
const pageBytes = 65_536;

export type PairKernel = "product" | "square";

/** What TypeScript's libraries without a browser do not know. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
type Tile = (queries: number, rows: number, end: number, sums: number) => void;
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly m: WasmMemory } },
  ) => { readonly exports: Readonly<Record<PairKernel, Tile>> };
};

/** Holds the queries; rows come in loads, of which `sums` gives what each makes with four queries. */
export class PairTiles {
  /** Sums of the group that was asked for last: that of query `i` (0 to 3) and row `j` stands at `sumAt(i, j)`. */
  readonly sums: Float64Array;
  readonly #tile: Tile;
  readonly #values: Float64Array;
  readonly #dimension: number;
  /** Bytes of a group of 4 queries, and of a pair of rows. */
  readonly #groupBytes: number;
  readonly #rowPairBytes: number;
  /** Addresses in the memory. */
  readonly #queriesAt: number;
  readonly #rowsAt: number;
  #rowPairs = 0;

  /** `queries`: row-major, of `dimension` components each. `rowsMax`: rows a load has at most. */
  constructor(kernel: PairKernel, queries: Float64Array, dimension: number, rowsMax: number) {
    const even = dimension + (dimension % 2);
    const count = queries.length / dimension;
    const groups = Math.ceil(count / queriesATile);
    const rowPairs = Math.ceil(rowsMax / rowsATile);
    this.#dimension = dimension;
    this.#groupBytes = even * queriesATile * doubleBytes;
    this.#rowPairBytes = even * rowsATile * doubleBytes;
    this.#queriesAt = rowPairs * sumsATile * doubleBytes;
    this.#rowsAt = this.#queriesAt + groups * this.#groupBytes;
    const bytes = this.#rowsAt + rowPairs * this.#rowPairBytes;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()), {
      m: { m: memory },
    });
    this.#tile = exports[kernel];
    this.#values = new Float64Array(memory.buffer);
    this.sums = this.#values.subarray(0, rowPairs * sumsATile);
    this.#pack(queries, count, this.#queriesAt, queriesATile);
  }

  /** Where in `sums` the sum of query `i` of the group and row `j` of the load stands. */
  static sumAt(i: number, j: number): number {
    return (j >> 1) * sumsATile + i * rowsATile + (j & 1);
  }

  /** Takes the first `count` of these rows (row-major) as the load. */
  load(rows: Float64Array, count: number): void {
    this.#rowPairs = Math.ceil(count / rowsATile);
    this.#pack(rows, count, this.#rowsAt, rowsATile);
  }

  /** Fills `sums` with those of queries 4 × `group` to 4 × `group` + 3 and every row of the load. */
  run(group: number): void {
    const queries = this.#queriesAt + group * this.#groupBytes;
    const end = queries + this.#groupBytes;
    for (let pair = 0; pair < this.#rowPairs; pair += 1) {
      const rows = this.#rowsAt + pair * this.#rowPairBytes;
      this.#tile(queries, rows, end, pair * sumsATile * doubleBytes);
    }
  }

  /** Interleaves `count` vectors in groups of `width`; what a group lacks stays as it was, and its sums are nobody's. */
  #pack(vectors: Float64Array, count: number, at: number, width: number): void {
    const dimension = this.#dimension;
    const even = dimension + (dimension % 2);
    for (let index = 0; index < count; index += 1) {
      const group = Math.floor(index / width);
      let to = at / doubleBytes + group * width * even + (index % width) * 2;
      const from = index * dimension;
      for (let component = 0; component < even; component += 2) {
        this.#values[to] = vectors[from + component] ?? 0;
        this.#values[to + 1] = component + 1 < dimension ? (vectors[from + component + 1] ?? 0) : 0;
        to += width * 2;
      }
    }
  }
}

/** An unsigned LEB128 number. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** `i32.const` of a number from 0 to 63: LEB128 with a sign. */
const constant = (value: number): number[] =>
  value < 64 ? [0x41, value] : [0x41, 0x80 | value, 0];
const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const tee = (local: number): number[] => [0x22, ...unsigned(local)];
const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
const loadPair = (offset: number): number[] => [...simd(0x00), 3, ...unsigned(offset)];
const lane = (index: number): number[] => [...simd(0x21), index];
const addPairs = simd(0xf0);
const subtractPairs = simd(0xf1);
const multiplyPairs = simd(0xf2);

/** The function's locals: its four parameters, the sums, the two rows, the query, and a difference. */
const [queriesLocal, rowsLocal, endLocal, sumsLocal] = [0, 1, 2, 3];
const sumLocal = (i: number, j: number): number => 4 + i * rowsATile + j;
const rowLocal = (j: number): number => 4 + sumsATile + j;
const queryLocal = 4 + sumsATile + rowsATile;
const differenceLocal = queryLocal + 1;

function tileBody(kernel: PairKernel): number[] {
  const body = [1, ...unsigned(differenceLocal - 3), 0x7b]; // so many locals of v128
  body.push(0x03, 0x40); // loop
  for (let j = 0; j < rowsATile; j += 1)
    body.push(...get(rowsLocal), ...loadPair(j * pairBytes), ...set(rowLocal(j)));
  for (let i = 0; i < queriesATile; i += 1) {
    body.push(...get(queriesLocal), ...loadPair(i * pairBytes), ...set(queryLocal));
    for (let j = 0; j < rowsATile; j += 1) {
      body.push(...get(sumLocal(i, j)), ...get(queryLocal), ...get(rowLocal(j)));
      if (kernel === "square")
        body.push(...subtractPairs, ...tee(differenceLocal), ...get(differenceLocal));
      body.push(...multiplyPairs, ...addPairs, ...set(sumLocal(i, j)));
    }
  }
  body.push(...get(rowsLocal), ...constant(rowsATile * pairBytes), 0x6a, ...set(rowsLocal));
  body.push(
    ...get(queriesLocal),
    ...constant(queriesATile * pairBytes),
    0x6a,
    ...tee(queriesLocal),
  );
  body.push(...get(endLocal), 0x49, 0x0d, 0, 0x0b); // while below the end; end of the loop
  for (let i = 0; i < queriesATile; i += 1) {
    for (let j = 0; j < rowsATile; j += 1) {
      const sum = get(sumLocal(i, j));
      body.push(...get(sumsLocal), ...sum, ...lane(0), ...sum, ...lane(1), 0xa0); // f64.add
      body.push(0x39, 3, ...unsigned((i * rowsATile + j) * doubleBytes)); // f64.store
    }
  }
  return [...body, 0x0b];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const text = (word: string): number[] => [word.length, ...Buffer.from(word)];
  const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0]), // type 0: (i32, i32, i32, i32) -> ()
    ...section(2, [1, ...text("m"), ...text("m"), 0x02, 0x00, 1]), // memory m.m of a page or more
    ...section(3, [2, 0, 0]), // two functions of type 0
    ...section(7, [2, ...text("product"), 0x00, 0, ...text("square"), 0x00, 1]),
    ...section(10, [2, ...sized(tileBody("product")), ...sized(tileBody("square"))]),
  ]);
}
