/** A migration between two fake stores in a state folder of its own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defaultRequest,
  type MigrateEvent,
  type MigrateRequest,
  type RunContext,
  type VerifyRequest,
} from "../../src/migrate/request.ts";
import type { FakeCollection, FakeRecord } from "./fake-store.ts";

/** `count` records with everything that a record can have, and some without. */
function fakeRecords(count: number, dimension = 4, prefix = "id"): FakeRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    vector: Array.from({ length: dimension }, (_, place) =>
      Math.fround(Math.sin(index * 7 + place + 1)),
    ),
    document: index % 5 === 0 ? null : `document ${index}`,
    uri: index % 3 === 0 ? `file:///${index}` : null,
    metadata:
      index % 4 === 0
        ? null
        : `{"count":${index},"ratio":${index}.5,"name":"n${index}","flag":true,"list":[1,2]}`,
  }));
}

export function fakeCollection(
  name: string,
  count: number,
  changes: Partial<FakeCollection> = {},
): FakeCollection {
  return {
    name,
    distance: "cosine",
    dimension: 4,
    records: fakeRecords(count, 4, name),
    ...changes,
  };
}

export function migrateRequest(
  shape: Partial<MigrateRequest["shape"]> = {},
  changes: Partial<Omit<MigrateRequest, "shape">> = {},
): MigrateRequest {
  return { ...defaultRequest, shape: { ...defaultRequest.shape, ...shape }, ...changes };
}

export function verifyRequest(changes: Partial<VerifyRequest> = {}): VerifyRequest {
  return { scope: null, targetOnly: false, sample: null, onRecord: null, ...changes };
}

/** A context in a new folder; its events are kept. */
export function fakeContext(
  signal = new AbortController().signal,
): RunContext & { events: MigrateEvent[] } {
  const events: MigrateEvent[] = [];
  const stateFolder = mkdtempSync(join(tmpdir(), "vecferry-state-"));
  return { stateFolder, signal, onEvent: (event) => events.push(event), events };
}
