/**
 * HealthCheck.
 *
 *     HealthCheckReply   1: title   2: version   3: commit, which nobody asks for
 */
import { Reader, Writer } from "./protobuf.ts";

export interface Health {
  readonly title: string;
  readonly version: string;
}

export function encodeHealth({ title, version }: Health): Buffer {
  const writer = new Writer();
  writer.string(1, title);
  writer.string(2, version);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeHealth(message: Uint8Array): Health {
  const reader = new Reader(message);
  let title = "";
  let version = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) title = reader.string();
    else if (tag === 18) version = reader.string();
    else reader.skip(tag);
  }
  return { title, version };
}
