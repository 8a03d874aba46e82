/** What a version of Chroma takes, as data: what it would refuse, drop or answer otherwise is known before it is asked. */

import type { FloatReads } from "./float-spelling.ts";

/** Bounds of one record, in bytes of UTF-8 where they are of text. */
export interface RecordBounds {
  readonly idBytes: number;
  readonly documentBytes: number;
  readonly uriBytes: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly dimension: number;
}

export interface Takes {
  /** Characters of a collection's name, at most. */
  readonly nameMax: number;
  /** Settings of a collection when it is made (1.0.6 and later; of the servers that say less than 1.0.15, none is given any). */
  readonly configuration: boolean;
  /** Lists in metadata; null = the version that the server says leaves it open. */
  readonly lists: boolean | null;
  /** Whether the lists of a collection that is dropped stay behind, and turn up in others' records. */
  readonly leavesLists: boolean;
  readonly emptyIds: boolean;
  /** Keys of metadata that are empty, or that begin with `#` or `$`. */
  readonly oddKeys: boolean;
  readonly floatReads: FloatReads;
  /** Bytes of a request's body, at most; null = any number. */
  readonly bodyBytes: number | null;
  /** Whether a `where` is answered as `model/filter.ts` says; else only equality of texts and booleans is. */
  readonly where: boolean;
  /** Conditions in one `where`, at most; null = any number. */
  readonly conditionsMax: number | null;
  /** Results of one query, at most; null = any number. */
  readonly resultsMax: number | null;
  /** null = none of its own. */
  readonly bounds: RecordBounds | null;
}

/**
 * Of a server (each point measured on 0.4.24, 0.5.23, 0.6.3, 1.0.20 and 1.5.9). Lists are taken from 1.5.0 on; before 1.0 they
 * are accepted, and nothing of them is kept. 1.5.9 leaves those of a dropped collection in its database. An empty id is refused somewhere between 1.0.0 and 1.0.20, odd keys between 1.0.20
 * and 1.5.9; no server of 1.x says which it is, so none of them gets either. Before 1.0 `$ne` leaves out the records that lack the
 * key (0.4), integers and floats are not equal (0.4), or compared with a fraction otherwise than later (0.5, 0.6).
 */
export function serverTakes(version: string | null): Takes {
  const python = version?.startsWith("0.") ?? false;
  return {
    nameMax: python ? 63 : 512,
    configuration: !python && version !== "1.0",
    lists: python || version === "1.0" ? false : null,
    leavesLists: !python,
    emptyIds: python,
    oddKeys: python,
    floatReads: python ? 0 : 2,
    bodyBytes: python ? null : 40 * 1024 * 1024,
    where: !python,
    conditionsMax: null,
    resultsMax: null,
    bounds: null,
  };
}

/** Of Chroma Cloud: docs.trychroma.com/cloud/quotas-limits. */
export const cloudTakes: Takes = {
  ...serverTakes(null),
  leavesLists: false,
  floatReads: null,
  conditionsMax: 8,
  resultsMax: 300,
  bounds: {
    idBytes: 128,
    documentBytes: 16_384,
    uriBytes: 256,
    keyBytes: 36,
    valueBytes: 4096,
    keys: 32,
    dimension: 4096,
  },
};
