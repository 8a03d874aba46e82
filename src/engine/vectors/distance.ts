/**
 * Qdrant's arithmetic: how Cosine normalizes what it stores, and the scores.
 * Source: qdrant 1.18.2, lib/segment/src/spaces (simple.rs, simple_sse.rs, simple_avx.rs, tools.rs).
 */
import type { VectorDistance, VectorParams } from "../api.ts";
import { roundToHalf } from "./datatypes.ts";
import { dotWithItself, type KernelName } from "./kernel.ts";

const { fround, sqrt } = Math;
/** f32::EPSILON. */
const epsilon = 2 ** -23;
/** Four registers of four lanes each. */
const lanes = new Float32Array(16);

/** Σx² in float32, summed in the order in which the real engine does on x86-64: SSE from 16 components to 31, else as the kernel does. */
export function squaredLength(data: Float32Array, offset: number, dimension: number): number {
  if (dimension < 16 || dimension >= 32) return dotWithItself(data, offset, dimension);
  lanes.fill(0);
  for (let lane = 0; lane < 16; lane += 1) {
    const value = data[offset + lane] ?? 0;
    lanes[lane] = value * value;
  }
  let sum = sumSse(lanes);
  for (let at = 16; at < dimension; at += 1) {
    const value = data[offset + at] ?? 0;
    sum = fround(sum + fround(value * value));
  }
  return sum;
}

/** Each register is summed on its own, then the four sums in order. */
function sumSse(registers: Float32Array): number {
  const at = (lane: number): number => registers[lane] ?? 0;
  let sum = 0;
  for (let lane = 0; lane < 16; lane += 4) {
    sum = fround(
      sum + fround(fround(at(lane) + at(lane + 2)) + fround(at(lane + 1) + at(lane + 3))),
    );
  }
  return sum;
}

/** Normalizes in place as Qdrant does under Cosine: what is of unit length within 1e-6 already, or nearly zero, is left alone. */
export function normalizeCosine(data: Float32Array, offset: number, dimension: number): void {
  normalizeBy(squaredLength(data, offset, dimension), data, offset, dimension);
}

/** The same, where the squared length is known. */
export function normalizeBy(
  squared: number,
  data: Float32Array,
  offset: number,
  dimension: number,
): void {
  if (squared < epsilon || Math.abs(fround(squared - 1)) <= fround(1e-6)) return;
  const length = fround(sqrt(squared));
  for (let at = offset; at < offset + dimension; at += 1) data[at] = (data[at] ?? 0) / length;
}

/** How near two rows are, larger is nearer. */
export type Compare = (query: Float32Array, data: Float32Array, offset: number) => number;

function dot(query: Float32Array, data: Float32Array, offset: number): number {
  const dimension = query.length;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let at = 0;
  for (; at + 4 <= dimension; at += 4) {
    sum0 += (query[at] ?? 0) * (data[offset + at] ?? 0);
    sum1 += (query[at + 1] ?? 0) * (data[offset + at + 1] ?? 0);
    sum2 += (query[at + 2] ?? 0) * (data[offset + at + 2] ?? 0);
    sum3 += (query[at + 3] ?? 0) * (data[offset + at + 3] ?? 0);
  }
  for (; at < dimension; at += 1) sum0 += (query[at] ?? 0) * (data[offset + at] ?? 0);
  return sum0 + sum1 + (sum2 + sum3);
}

function euclid(query: Float32Array, data: Float32Array, offset: number): number {
  let sum = 0;
  for (let at = 0; at < query.length; at += 1) {
    const difference = (query[at] ?? 0) - (data[offset + at] ?? 0);
    sum += difference * difference;
  }
  return -sum;
}

function manhattan(query: Float32Array, data: Float32Array, offset: number): number {
  let sum = 0;
  for (let at = 0; at < query.length; at += 1)
    sum += Math.abs((query[at] ?? 0) - (data[offset + at] ?? 0));
  return -sum;
}

/** How a distance ranks rows, and the score that Qdrant answers for a kernel's value. */
export interface Metric {
  /** Of many rows of a store; null where they are compared one by one. */
  readonly kernel: KernelName | null;
  /** Of two rows that are in no store. */
  readonly compare: Compare;
  toScore(value: number): number;
  /** Whether a larger score is nearer. */
  readonly larger: boolean;
  readonly normalizes: boolean;
}

export const metrics: Readonly<Record<VectorDistance, Metric>> = {
  Cosine: {
    kernel: "dot",
    compare: dot,
    toScore: fround,
    larger: true,
    normalizes: true,
  },
  Dot: {
    kernel: "dot",
    compare: dot,
    toScore: fround,
    larger: true,
    normalizes: false,
  },
  Euclid: {
    kernel: "euclid",
    compare: euclid,
    toScore: (value) => fround(sqrt(Math.abs(value))),
    larger: false,
    normalizes: false,
  },
  Manhattan: {
    kernel: "manhattan",
    compare: manhattan,
    toScore: (value) => fround(Math.abs(value)),
    larger: false,
    normalizes: false,
  },
};

/** Bytes would lose everything by being normalized: their cosine is worked out from what is kept. */
const bytesCosine: Metric = {
  ...metrics.Cosine,
  kernel: null,
  compare(query, data, offset) {
    const row = data.subarray(offset, offset + query.length);
    const lengths = dot(query, query, 0) * dot(row, row, 0);
    return lengths === 0 ? 0 : fround(dot(query, row, 0) / fround(sqrt(lengths)));
  },
  normalizes: false,
};

/** Below so many components a server works in float16 where vectors are kept as such, component by component. */
const halfComponentsMax = 16;

type Term = (one: number, other: number) => number;

function inHalves(metric: Metric, sign: 1 | -1, term: Term): Metric {
  const compare: Compare = (query, data, offset) => {
    let sum = 0;
    for (let at = 0; at < query.length; at += 1)
      sum = fround(sum + roundToHalf(term(query[at] ?? 0, data[offset + at] ?? 0)));
    return sign * sum;
  };
  return { ...metric, kernel: null, compare };
}

const product: Term = (one, other) => one * other;
const halves: Readonly<Record<VectorDistance, Metric>> = {
  Cosine: inHalves(metrics.Cosine, 1, product),
  Dot: inHalves(metrics.Dot, 1, product),
  Euclid: inHalves(metrics.Euclid, -1, (one, other) => roundToHalf(one - other) ** 2),
  Manhattan: inHalves(metrics.Manhattan, -1, (one, other) => Math.abs(one - other)),
};

/** How rows of a name are compared. */
export function metricOf({ size, distance, datatype }: VectorParams): Metric {
  if (datatype === "float16" && size < halfComponentsMax) return halves[distance];
  return datatype === "uint8" && distance === "Cosine" ? bytesCosine : metrics[distance];
}
