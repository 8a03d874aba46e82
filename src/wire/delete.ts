/**
 * Delete.
 *
 *     DeletePoints     1: collection   2: wait   3: PointsSelector
 *     PointsSelector   1: ids (1: PointId, any number)   2: Filter
 */
import type { PointSelector } from "./columns.ts";
import { readFilter, writeMatches } from "./filter.ts";
import { readRequestedId, writePointId } from "./point-id.ts";
import { Reader, Writer } from "./protobuf.ts";

/** Answered when it is done. */
export function encodeDelete(collection: string, selector: PointSelector): Buffer {
  const writer = new Writer();
  writer.string(1, collection);
  writer.uint(2, 1);
  const meant = writer.open(3);
  if ("points" in selector) {
    const ids = writer.open(1);
    for (const point of selector.points) writePointId(writer, 1, point);
    writer.close(ids);
  } else writeMatches(writer, 2, selector.matches);
  writer.close(meant);
  return writer.finish();
}

export interface DeleteRequest {
  readonly collection: string;
  /** Whether the answer is to wait for the deletion. */
  readonly wait: boolean;
  /** `filter` is JSON text; null = it says neither. */
  readonly selector: { readonly ids: string[] } | { readonly filter: string } | null;
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeDelete(message: Uint8Array): DeleteRequest {
  const reader = new Reader(message);
  let collection = "";
  let wait = false;
  let selector: DeleteRequest["selector"] = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 16) wait = reader.flag();
    else if (tag === 26) selector = readSelector(reader);
    else reader.skip(tag);
  }
  return { collection, wait, selector };
}

function readSelector(reader: Reader): DeleteRequest["selector"] {
  const outer = reader.open();
  let selector: DeleteRequest["selector"] = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) selector = { ids: readIds(reader) };
    else if (tag === 18) selector = { filter: readFilter(reader) };
    else reader.skip(tag);
  }
  reader.close(outer);
  return selector;
}

function readIds(reader: Reader): string[] {
  const outer = reader.open();
  const ids: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) ids.push(readRequestedId(reader));
    else reader.skip(tag);
  }
  reader.close(outer);
  return ids;
}
