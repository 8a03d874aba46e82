import type { Layout } from "../../src/model/collection.ts";
import { RecordPayload } from "../../src/model/layout.ts";
import { payloadText } from "../../src/model/payload.ts";
import type { PointBatch } from "../../src/model/record.ts";

/** The payload of one row as JSON text. */
export function encodePayload(batch: PointBatch, row: number, layout: Layout): string {
  return payloadText(new RecordPayload(batch, row, layout));
}
