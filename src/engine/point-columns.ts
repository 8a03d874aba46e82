import type { VectorColumn } from "../model/record.ts";

/** Points by columns: all have `ids.length` rows. The unnamed vector has the name ''. */
export interface PointColumns {
  /** Canonical lowercase UUID, or a decimal unsigned 64-bit integer. */
  readonly ids: string[];
  readonly vectors: Map<string, VectorColumn>;
  /** JSON text of an object, kept as given; null = no payload (the same as `{}`). */
  readonly payloads: (string | null)[];
}
