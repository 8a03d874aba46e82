/** Points by columns, and which of them are meant: what the messages carry, in the shapes that both ends of the wire take. */
import type { Payload } from "../model/payload.ts";
import type { VectorColumn } from "../model/record.ts";

/** Points by columns: all have `points.length` rows. */
export interface PointColumns<Value = string | null> {
  /** Canonical lowercase UUIDs, or decimal unsigned integers. */
  readonly points: string[];
  /** By name, the unnamed ones under ''; those that were asked for. */
  readonly vectors: ReadonlyMap<string, VectorColumn>;
  /** By default JSON texts of objects; null = none asked for, or none there. */
  readonly payloads: Value[];
}

/** Points to be written. Null = no payload. */
export type WrittenColumns = PointColumns<Payload | null>;

/** Points in Qdrant's order of ids. */
export interface PointPage extends PointColumns {
  /** The point that the next page begins with; null = this was the last. */
  readonly next: string | null;
}

/** Points, nearest first. */
export interface ScoredPoints extends PointColumns {
  /** Qdrant's scores. */
  readonly scores: number[];
}

/** Points, nearest first, and what was read out of their payloads' plain values. */
export interface PlainPoints<Value> {
  readonly points: string[];
  readonly scores: number[];
  readonly vectors: ReadonlyMap<string, VectorColumn>;
  readonly plain: Value[];
}

/** A filter in the JSON of Qdrant's REST API, as much of it as is asked. Points fit all of its clauses; an empty one is passed over. */
export interface PointFilter {
  readonly must?: readonly PointCondition[];
  readonly should?: readonly PointCondition[];
  readonly must_not?: readonly PointCondition[];
}

/** A payload path fits by its value, or by one in an array there. An integer has 64 bits. */
export type PointCondition =
  | { readonly key: string; readonly match: { readonly value: string | bigint | boolean } }
  | { readonly key: string; readonly match: { readonly any: readonly string[] } }
  | { readonly key: string; readonly range: NumberRange }
  | { readonly is_empty: { readonly key: string } }
  | { readonly has_id: readonly string[] }
  | PointFilter;

/** Integers and floats alike, compared as float64. */
export interface NumberRange {
  readonly lt?: number;
  readonly gt?: number;
  readonly gte?: number;
  readonly lte?: number;
}

/** Which points are meant: these, or those that fit the filter. */
export type PointSelector =
  | { readonly points: readonly string[] }
  | { readonly filter: PointFilter };

/** Points as a server has them: vectors by name, the unnamed one under ''. All have `ids.length` rows. */
export interface NamedPoints {
  /** Canonical lowercase UUIDs, or decimal unsigned integers. */
  readonly ids: string[];
  readonly vectors: Map<string, VectorColumn>;
  /** JSON texts of objects; null = none. */
  readonly payloads: (string | null)[];
}

/** Which payload keys to answer: all, none, these paths, or all but these. */
export type PayloadSelector =
  | boolean
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] };

/** Which vectors to answer: all, none, or these names. */
export type VectorSelector = boolean | readonly string[];
