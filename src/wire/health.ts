/**
 * HealthCheck.
 *
 *     HealthCheckReply   1: title   2: version   3: commit
 */
import { Reader, Writer } from "./protobuf.ts";

export interface Health {
  readonly title: string;
  readonly version: string;
  readonly commit: string | null;
}

export function encodeHealth({
  title,
  version,
  commit = null,
}: Omit<Health, "commit"> & Partial<Health>): Buffer {
  const writer = new Writer();
  writer.string(1, title);
  writer.string(2, version);
  if (commit !== null) writer.string(3, commit);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeHealth(message: Uint8Array): Health {
  const reader = new Reader(message);
  let title = "";
  let version = "";
  let commit: string | null = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) title = reader.string();
    else if (tag === 18) version = reader.string();
    else if (tag === 26) commit = reader.string();
    else reader.skip(tag);
  }
  return { title, version, commit };
}
