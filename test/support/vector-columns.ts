import type { VectorColumn } from "../../src/model/record.ts";
import { denseColumns } from "../../src/model/vector-column.ts";

/** The components of the unnamed vectors, which must be dense; none where there are none. */
export function unnamed(columns: ReadonlyMap<string, VectorColumn>): Float32Array {
  return denseColumns(columns).get("")?.data ?? new Float32Array();
}
