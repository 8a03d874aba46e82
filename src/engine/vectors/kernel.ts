/**
 * How near many rows are to a query, in float32, by WebAssembly with 128-bit SIMD. A module of three functions, each of
 *
 *     query   address of the query's components
 *     list    address of row numbers, u32 each
 *     end     address after the last of them
 *     out     address of the similarities, f32 each, larger is nearer
 *     wide    bytes of a row that are taken 32 components at a time
 *     row     bytes of a row
 *     data    address of row 0
 *
 * Sums run in the order of Qdrant's own on x86-64 with AVX and FMA, so that scores are the same to the last bit there: 32
 * components at a time into 8 registers of 4 lanes, which are added in pairs; then the rest one by one.
 * Source: qdrant 1.18.2, lib/segment/src/spaces/simple_avx.rs (MIT or Apache-2.0), whose order of operations this follows.
 */
import {
  compileModule,
  constant,
  f32,
  f32Lane,
  f32x4,
  get,
  i32,
  instantiate,
  newSharedMemory,
  repeatWhile,
  set,
  tee,
  v128Load,
  v128Zero,
  type WasmFunction,
  wasmModule,
  when,
} from "../../util/wasm.ts";

export type KernelName = "dot" | "euclid" | "manhattan";

/** Pages of 64 KiB that a chunk's memory has at most: 64 MiB. */
export const memoryPagesMax = 1024;
/** Components that are taken at a time. */
const wideComponents = 32;
const registers = 8;
const registerBytes = 16;
const componentBytes = 4;

const [queryAt, listAt, listEnd, outAt, wideBytes, rowBytes, dataAt] = [0, 1, 2, 3, 4, 5, 6];
const parameters = 7;
const [here, there, stop] = [7, 8, 9];
const sum = 10;
const difference = 11;
const register = (at: number): number => 12 + at;
const differences = 12 + registers;

const ends: Readonly<Record<KernelName, readonly number[]>> = {
  dot: [],
  euclid: f32.negate,
  manhattan: f32.negate,
};

/** What a register takes of 4 components. */
function wideStep(kernel: KernelName, at: number): number[] {
  const offset = at * registerBytes;
  const load = [...get(there), ...v128Load(offset), ...get(here), ...v128Load(offset)];
  const own = get(register(at));
  if (kernel === "dot") return [...load, ...own, ...f32x4.multiplyAdd, ...set(register(at))];
  const apart = [...load, ...f32x4.subtract];
  if (kernel === "manhattan")
    return [...apart, ...f32x4.absolute, ...own, ...f32x4.add, ...set(register(at))];
  const square = [...apart, ...tee(differences), ...get(differences)];
  return [...square, ...own, ...f32x4.multiplyAdd, ...set(register(at))];
}

/** What the sum takes of one component. */
function narrowStep(kernel: KernelName): number[] {
  const load = [...get(there), ...f32.load, ...get(here), ...f32.load];
  const add = [...f32.add, ...set(sum)];
  if (kernel === "dot") return [...get(sum), ...load, ...f32.multiply, ...add];
  const apart = [...get(sum), ...load, ...f32.subtract];
  if (kernel === "manhattan") return [...apart, ...f32.absolute, ...add];
  return [...apart, ...tee(difference), ...get(difference), ...f32.multiply, ...add];
}

/** The registers' sum: in pairs, then the upper half onto the lower, then neighbours. */
function addRegisters(): number[] {
  const half = (first: number): number[] => {
    const pair = (one: number): number[] => [
      ...get(register(one)),
      ...get(register(one + 2)),
      ...f32x4.add,
    ];
    return [...pair(first), ...pair(first + 4), ...f32x4.add];
  };
  const total = [...half(1), ...half(0), ...f32x4.add, ...set(register(0))];
  const lane = (at: number): number[] => [...get(register(0)), ...f32Lane(at)];
  const low = [...lane(0), ...lane(1), ...f32.add];
  const high = [...lane(2), ...lane(3), ...f32.add];
  return [...total, ...low, ...high, ...f32.add, ...set(sum)];
}

const forward = (local: number, bytes: readonly number[]): number[] => [
  ...get(local),
  ...bytes,
  ...i32.add,
  ...set(local),
];

function body(kernel: KernelName): number[] {
  const wide: number[] = [];
  for (let at = 0; at < registers; at += 1) wide.push(...wideStep(kernel, at));
  const width = constant(wideComponents * componentBytes);
  const belowStop = [...get(here), ...get(stop), ...i32.less];
  const stopAt = (bytes: number): number[] => [
    ...get(dataAt),
    ...get(listAt),
    ...i32.load,
    ...get(rowBytes),
    ...i32.multiply,
    ...i32.add,
    ...get(bytes),
    ...i32.add,
    ...set(stop),
  ];
  const clear: number[] = [];
  for (let at = 0; at < registers; at += 1) clear.push(...v128Zero, ...set(register(at)));
  const component = constant(componentBytes);
  const row = [
    ...stopAt(wideBytes),
    ...[...get(stop), ...get(wideBytes), ...i32.subtract, ...set(here)],
    ...[...get(queryAt), ...set(there)],
    ...clear,
    ...when(
      belowStop,
      repeatWhile([...wide, ...forward(here, width), ...forward(there, width)], belowStop),
    ),
    ...addRegisters(),
    ...stopAt(rowBytes),
    ...when(
      belowStop,
      repeatWhile(
        [...narrowStep(kernel), ...forward(here, component), ...forward(there, component)],
        belowStop,
      ),
    ),
    ...[...get(outAt), ...get(sum), ...ends[kernel], ...f32.store],
    ...forward(listAt, component),
    ...forward(outAt, component),
  ];
  const more = [...get(listAt), ...get(listEnd), ...i32.less];
  return when(more, repeatWhile(row, more));
}

/** The module's bytes. */
function kernelBytes(): Uint8Array<ArrayBuffer> {
  return wasmModule({
    sharedPagesMax: memoryPagesMax,
    parameters,
    locals: [
      { count: 3, type: "i32" },
      { count: 2, type: "f32" },
      { count: registers + 1, type: "v128" },
    ],
    functions: { dot: body("dot"), euclid: body("euclid"), manhattan: body("manhattan") },
  });
}

let compiled: object | null = null;

/** The module, compiled once a thread. */
export function kernelModule(): object {
  compiled ??= compileModule(kernelBytes());
  return compiled;
}

/** Bytes of a row of `dimension` components that are taken 32 at a time. */
export function wideBytesOf(dimension: number): number {
  return (dimension - (dimension % wideComponents)) * componentBytes;
}

/** The row of `dotWithItself`: 64 KiB and what the longest vector needs. */
const scratchPages = 5;
const scratchListAt = 0;
const scratchOutAt = 64;
const scratchRowAt = 128;
let scratch: { dot: WasmFunction; row: Float32Array; out: Float32Array } | null = null;

/** Σx² of `dimension` components from `offset` on; not finite where a component is not. */
export function dotWithItself(data: Float32Array, offset: number, dimension: number): number {
  scratch ??= newScratch();
  const { dot, row, out } = scratch;
  row.set(data.subarray(offset, offset + dimension));
  const bytes = dimension * componentBytes;
  const end = scratchListAt + componentBytes;
  const wide = wideBytesOf(dimension);
  dot(scratchRowAt, scratchListAt, end, scratchOutAt, wide, bytes, scratchRowAt);
  return out[0] ?? Number.NaN;
}

function newScratch(): NonNullable<typeof scratch> {
  const memory = newSharedMemory(scratchPages, scratchPages);
  const { dot } = instantiate(kernelModule(), memory);
  if (dot === undefined) throw new RangeError("The kernel has no function dot.");
  const { buffer } = memory;
  return {
    dot,
    row: new Float32Array(buffer, scratchRowAt),
    out: new Float32Array(buffer, scratchOutAt, 1),
  };
}
