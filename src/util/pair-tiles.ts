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
 * (queries i32, rows i32, end of the queries i32, sums i32). Its bytes are put together below.
 */
import {
  compileModule,
  constant,
  f64,
  f64Lane,
  f64x2,
  get,
  i32,
  instantiate,
  newMemory,
  repeatWhile,
  set,
  tee,
  v128Load,
  type WasmFunction,
  wasmModule,
  wasmPageBytes,
} from "./wasm.ts";

const queriesATile = 4;
const rowsATile = 2;
const sumsATile = queriesATile * rowsATile;
const doubleBytes = 8;
const pairBytes = 2 * doubleBytes;

export type PairKernel = "product" | "square";

/** Holds the queries; rows come in loads, of which `sums` gives what each makes with four queries. */
export class PairTiles {
  /** Sums of the group that was asked for last: that of query `i` (0 to 3) and row `j` stands at `sumAt(i, j)`. */
  readonly sums: Float64Array;
  readonly #tile: WasmFunction;
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
    const memory = newMemory(Math.ceil(bytes / wasmPageBytes));
    const exports = instantiate(compileModule(moduleBytes()), memory);
    const tile = exports[kernel];
    if (tile === undefined) throw new RangeError(`The module has no function ${kernel}.`);
    this.#tile = tile;
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

/** The function's locals: its four parameters, the sums, the two rows, the query, and a difference. */
const [queriesLocal, rowsLocal, endLocal, sumsLocal] = [0, 1, 2, 3];
const sumLocal = (i: number, j: number): number => 4 + i * rowsATile + j;
const rowLocal = (j: number): number => 4 + sumsATile + j;
const queryLocal = 4 + sumsATile + rowsATile;
const differenceLocal = queryLocal + 1;

function tileBody(kernel: PairKernel): number[] {
  const step: number[] = [];
  for (let j = 0; j < rowsATile; j += 1)
    step.push(...get(rowsLocal), ...v128Load(j * pairBytes), ...set(rowLocal(j)));
  for (let i = 0; i < queriesATile; i += 1) {
    step.push(...get(queriesLocal), ...v128Load(i * pairBytes), ...set(queryLocal));
    for (let j = 0; j < rowsATile; j += 1) {
      step.push(...get(sumLocal(i, j)), ...get(queryLocal), ...get(rowLocal(j)));
      if (kernel === "square")
        step.push(...f64x2.subtract, ...tee(differenceLocal), ...get(differenceLocal));
      step.push(...f64x2.multiply, ...f64x2.add, ...set(sumLocal(i, j)));
    }
  }
  const forward = (local: number, bytes: number): number[] => [
    ...get(local),
    ...constant(bytes),
    ...i32.add,
  ];
  step.push(...forward(rowsLocal, rowsATile * pairBytes), ...set(rowsLocal));
  step.push(...forward(queriesLocal, queriesATile * pairBytes), ...set(queriesLocal));
  const body = repeatWhile(step, [...get(queriesLocal), ...get(endLocal), ...i32.less]);
  for (let i = 0; i < queriesATile; i += 1) {
    for (let j = 0; j < rowsATile; j += 1) {
      const sum = get(sumLocal(i, j));
      body.push(...get(sumsLocal), ...sum, ...f64Lane(0), ...sum, ...f64Lane(1), ...f64.add);
      body.push(...f64.store((i * rowsATile + j) * doubleBytes));
    }
  }
  return body;
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  return wasmModule({
    sharedPagesMax: null,
    parameters: 4,
    locals: [{ count: differenceLocal - 3, type: "v128" }],
    functions: { product: tileBody("product"), square: tileBody("square") },
  });
}
