/** Three collections, two of them tenants of one target collection, migrated and verified; and ways to alter one thing. */
import { expect } from "vitest";
import type { Outcome } from "../../src/migrate/report.ts";
import type { MigrateRequest, RecordLine, VerifyRequest } from "../../src/migrate/request.ts";
import { runMigrate } from "../../src/migrate/run.ts";
import { runVerify } from "../../src/migrate/verify.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { tenantPointId } from "../../src/model/point-id.ts";
import { defaultVector, type PointBatch } from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import { fakeCollection, fakeContext, migrateRequest, verifyRequest } from "./fake-migration.ts";
import { FakeSource } from "./fake-store.ts";

const tenants = new Map([
  ["ants", "acme"],
  ["bees", "bolt"],
  ["cats", "acme"],
]);

export class Scene {
  readonly source: FakeSource;
  readonly target: TargetStore;
  readonly context = fakeContext();
  readonly request: MigrateRequest;

  constructor(target: TargetStore, source = sceneSource()) {
    this.source = source;
    this.target = target;
    this.request = migrateRequest({ targetCollection: "zoo", mapping: tenants });
  }

  migrate(changes: Partial<Omit<MigrateRequest, "shape">> = {}): Promise<Outcome> {
    return runMigrate(this.source, this.target, { ...this.request, ...changes }, this.context);
  }

  verify(changes: Partial<VerifyRequest> = {}): Promise<Outcome> {
    return runVerify(this.source, this.target, verifyRequest(changes), this.context);
  }

  /** Verifies with one line a record. */
  async verifyLines(): Promise<{ outcome: Outcome; lines: RecordLine[] }> {
    const lines: RecordLine[] = [];
    const outcome = await this.verify({ onRecord: (line) => lines.push(line) });
    return { outcome, lines };
  }

  /** Alters one point at the target: what `change` gives is written over it. */
  async alter(point: string, change: (batch: PointBatch) => PointBatch): Promise<void> {
    const batch = await this.read(point);
    expect(batch.ids).toHaveLength(1);
    await this.put(change(batch));
  }

  /** Writes points as they are given. */
  async put(batch: PointBatch): Promise<void> {
    await this.target.write(zooSpec, batch);
  }

  async take(point: string): Promise<void> {
    await this.target.remove(await this.info(), { points: [point] });
  }

  async read(point: string): Promise<PointBatch> {
    return (await this.target.read(await this.info(), [point])).batch;
  }

  async info(): Promise<CollectionInfo> {
    const found = (await this.target.collections()).find(({ name }) => name === "zoo");
    if (found === undefined) throw new Error("The zoo is not there.");
    return found;
  }
}

export function sceneSource(): FakeSource {
  return new FakeSource([
    fakeCollection("ants", 60),
    fakeCollection("bees", 30),
    fakeCollection("cats", 10),
  ]);
}

/** The point of a record of the scene. */
export function scenePoint(collection: string, id: string): string {
  return tenantPointId(tenants.get(collection) ?? "", id);
}

/** The target collection of the scene. */
export const zooSpec = testSpec({
  name: "zoo",
  dimension: 4,
  distance: "cosine",
  tenanted: true,
  sources: [],
});

/** A batch with its metadata text replaced. */
export function withMetadata(batch: PointBatch, change: (text: string) => string): PointBatch {
  const metadata = batch.payload.metadata.map((text) => (text === null ? null : change(text)));
  return { ...batch, payload: { ...batch.payload, metadata } };
}

/** A batch with the vector of another. */
export function withVector(batch: PointBatch, other: PointBatch): PointBatch {
  const column = denseVector(other);
  return { ...batch, vectors: new Map(column === undefined ? [] : [[defaultVector, column]]) };
}

export function withPlacement(
  batch: PointBatch,
  changes: Partial<PointBatch["placement"]>,
): PointBatch {
  return { ...batch, placement: { ...batch.placement, ...changes } };
}

export function withPayload(
  batch: PointBatch,
  changes: Partial<PointBatch["payload"]>,
): PointBatch {
  return { ...batch, payload: { ...batch.payload, ...changes } };
}

/** The one difference that a verify found. */
export function onlyDifference({ report }: Outcome): { kind: string; id: string; detail: string } {
  const found = report.verify?.collections.flatMap(({ examples }) => examples) ?? [];
  expect(found.map(({ kind, id, detail }) => ({ kind, id, detail }))).toHaveLength(1);
  const [only] = found;
  if (only === undefined) throw new Error("No difference was found.");
  return only;
}
