/**
 * Delete.
 *
 *     DeletePoints     1: collection   2: wait   3: PointsSelector   6: timeout in seconds
 *     PointsSelector   1: ids (1: PointId, any number)   2: Filter
 */
import { readFilter } from "./filter.ts";
import { readRequestedIds } from "./point-id.ts";
import { Reader } from "./protobuf.ts";

export interface DeleteRequest {
  readonly collection: string;
  /** Whether the answer is to wait for the deletion. */
  readonly wait: boolean;
  /** `filter` is JSON text; null = it says neither. */
  readonly selector: { readonly ids: string[] } | { readonly filter: string } | null;
  /** In seconds; undefined = it does not say. */
  readonly timeout: number | undefined;
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeDelete(message: Uint8Array): DeleteRequest {
  const reader = new Reader(message);
  let collection = "";
  let wait = false;
  let selector: DeleteRequest["selector"] = null;
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 16) wait = reader.flag();
    else if (tag === 26) selector = readSelector(reader);
    else if (tag === 48) timeout = reader.varint();
    else reader.skip(tag);
  }
  return { collection, wait, selector, timeout };
}

function readSelector(reader: Reader): DeleteRequest["selector"] {
  const outer = reader.open();
  let selector: DeleteRequest["selector"] = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) selector = { ids: readRequestedIds(reader) };
    else if (tag === 18) selector = { filter: readFilter(reader) };
    else reader.skip(tag);
  }
  reader.close(outer);
  return selector;
}
