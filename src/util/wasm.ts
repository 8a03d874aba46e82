/**
 * An assembler of WebAssembly (2.0, binary format, with SIMD and relaxed SIMD): a helper an instruction, and what puts
 * functions together to a module. A module imports one memory, `m.m`; its functions take i32s and give nothing.
 */

/** What TypeScript's libraries without a browser do not know. A shared memory's buffer is a SharedArrayBuffer. */
export interface WasmMemory<Buffer extends ArrayBuffer | SharedArrayBuffer = ArrayBuffer> {
  readonly buffer: Buffer;
  /** Grows by so many pages of 64 KiB; throws a RangeError where there is no more. */
  grow(pages: number): number;
}
export type WasmFunction = (...parameters: number[]) => void;
interface WasmLimits {
  readonly initial: number;
  readonly maximum?: number;
}
export interface WasmInstance {
  readonly exports: Readonly<Record<string, WasmFunction | undefined>>;
}
declare const WebAssembly: {
  readonly Memory: {
    new (limits: WasmLimits & { readonly shared: true }): WasmMemory<SharedArrayBuffer>;
    new (limits: WasmLimits): WasmMemory;
  };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly m: WasmMemory<ArrayBuffer | SharedArrayBuffer> } },
  ) => WasmInstance;
};

export const wasmPageBytes = 65_536;

/** A memory of `pages`. */
export function newMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages });
}

/** A memory that threads share, of `initial` pages, which can grow in place to `maximum`. */
export function newSharedMemory(initial: number, maximum: number): WasmMemory<SharedArrayBuffer> {
  return new WebAssembly.Memory({ initial, maximum, shared: true });
}

/** Compiles a module's bytes; the same module can be made an instance of with many memories. */
export function compileModule(bytes: Uint8Array<ArrayBuffer>): object {
  return new WebAssembly.Module(bytes);
}

/** The module's functions on this memory. */
export function instantiate(
  module: object,
  memory: WasmMemory<ArrayBuffer | SharedArrayBuffer>,
): WasmInstance["exports"] {
  return new WebAssembly.Instance(module, { m: { m: memory } }).exports;
}

/** An unsigned LEB128 number. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** `i32.const` of a number that is not negative: LEB128 with a sign. */
export function constant(value: number): number[] {
  const bytes = [0x41];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 0x40) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number): number[] => [0x21, ...unsigned(local)];
export const tee = (local: number): number[] => [0x22, ...unsigned(local)];

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
/** Aligned to four bytes at least, as `v128.load` and the scalar loads below. */
export const v128Load = (offset: number): number[] => [...simd(0x00), 2, ...unsigned(offset)];
export const f64Lane = (index: number): number[] => [...simd(0x21), index];
export const f32Lane = (index: number): number[] => [...simd(0x1f), index];
export const f32x4 = {
  absolute: simd(0xe0),
  add: simd(0xe4),
  subtract: simd(0xe5),
  /** a × b + c, rounded once where the processor can, else twice. */
  multiplyAdd: simd(0x105),
};
export const f64x2 = { add: simd(0xf0), subtract: simd(0xf1), multiply: simd(0xf2) };
export const v128Zero: readonly number[] = [...simd(0x0c), ...new Array<number>(16).fill(0)];
export const i32 = {
  add: [0x6a],
  subtract: [0x6b],
  multiply: [0x6c],
  less: [0x49],
  load: [0x28, 2, 0],
};
export const f32 = {
  load: [0x2a, 2, 0],
  store: [0x38, 2, 0],
  add: [0x92],
  subtract: [0x93],
  multiply: [0x94],
  absolute: [0x8b],
  negate: [0x8c],
};
export const f64 = {
  add: [0xa0],
  store: (offset: number): number[] => [0x39, 3, ...unsigned(offset)],
};

/** Runs `body` again and again while `condition` (which leaves an i32) holds at its end: once at least. */
export function repeatWhile(body: readonly number[], condition: readonly number[]): number[] {
  return [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];
}

/** Runs `body` where `condition` holds. */
export function when(condition: readonly number[], body: readonly number[]): number[] {
  return [...condition, 0x04, 0x40, ...body, 0x0b];
}

/** Locals after the parameters: so many of a type. */
export interface Locals {
  readonly count: number;
  readonly type: "i32" | "f32" | "v128";
}

const typeCodes = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const text = (word: string): number[] => sized([...Buffer.from(word)]);
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];

export interface WasmModuleParts {
  /** Pages that a shared memory has at most; null = the memory is not shared. */
  readonly sharedPagesMax: number | null;
  /** How many i32s every function takes. */
  readonly parameters: number;
  readonly locals: readonly Locals[];
  readonly functions: Readonly<Record<string, readonly number[]>>;
}

/** The module's bytes. */
export function wasmModule(parts: WasmModuleParts): Uint8Array<ArrayBuffer> {
  const { sharedPagesMax, parameters, functions } = parts;
  const bodies = Object.entries(functions);
  const locals = parts.locals.flatMap(({ count, type }) => [...unsigned(count), typeCodes[type]]);
  const limits = sharedPagesMax === null ? [0x00, 1] : [0x03, 1, ...unsigned(sharedPagesMax)];
  const codes = bodies.map(([, body]) => sized([parts.locals.length, ...locals, ...body, 0x0b]));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(typeCodes.i32), 0]),
    ...section(2, [1, ...text("m"), ...text("m"), 0x02, ...limits]),
    ...section(3, [bodies.length, ...bodies.map(() => 0)]),
    ...section(7, [bodies.length, ...bodies.flatMap(([name], at) => [...text(name), 0x00, at])]),
    ...section(10, [bodies.length, ...codes.flat()]),
  ]);
}
