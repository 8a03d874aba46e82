/** Points with vectors of every kind: into an archive, changed, into its next generation, and out of either again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import { runPoints } from "../../src/migrate/points/run.ts";
import { archivedPoints } from "../../src/migrate/points/source.ts";
import { connectArchive, connectTarget } from "../../src/open.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import {
  everyPoint,
  everyShape,
  plainPoints,
  vectorBatch,
} from "../../src/testing/vector-points.ts";
import { archivePlace, backupRequest } from "../support/archives.ts";
import { pointsRequest } from "../support/bare-points.ts";
import { fakeContext } from "../support/fake-migration.ts";

const folder = mkdtempSync(join(tmpdir(), "vecferry-kinds-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = testSpec({ name: "kinds", dimension: 0, sources: [], vectors: everyShape });

const restored = pointsRequest({ command: "restore" });

async function pointsOf(store: TargetStore): Promise<object[]> {
  const info = (await store.collections()).find(({ name }) => name === "kinds");
  if (info === undefined) throw new Error("no collection");
  const points: object[] = [];
  for await (const batch of store.scan({ ...info, note: null })) points.push(...plainPoints(batch));
  return points;
}

it("named, sparse and multivectors come back from each generation as they were", async () => {
  await using source = await connectTarget(`embedded:${join(folder, "q")}`);
  await source.ensure(spec);
  await source.write(spec, vectorBatch(everyPoint, everyShape));
  const place = archivePlace(join(folder, "a"));
  const first = await runBackup(source, place, backupRequest({ verify: true }), fakeContext());
  expect(first.exit).toBe(0);
  const before = await pointsOf(source);
  const [one, two, ...others] = everyPoint;
  if (one === undefined || two === undefined) throw new Error("too few points");
  const changed = { ...two, vectors: { words: { sparse: [[3, 0.25]] as const } } };
  await source.write(spec, vectorBatch([changed, { ...one, point: "4711" }], everyShape));
  const info = (await source.collections())[0];
  if (info === undefined) throw new Error("no collection");
  await source.remove(info, { points: [one.point] });
  const request = backupRequest({ verify: true });
  const second = await runBackup(source, { ...place, stands: true }, request, fakeContext());
  expect(second.exit, JSON.stringify(second.report.verify)).toBe(0);
  expect(second.report.delta).toEqual({ added: 1, changed: 1, deleted: 1 });
  expect(second.report.totals.unchanged).toBe(others.length);
  for (const [generation, expected] of [
    [1, before],
    [2, await pointsOf(source)],
  ] as const) {
    await using archive = await connectArchive(`archive:${place.path}?generation=${generation}`);
    await using target = await connectTarget(":memory:");
    const { exit } = await runPoints(archivedPoints(archive), target, restored, fakeContext());
    expect(exit).toBe(0);
    expect(await pointsOf(target)).toEqual(expected);
  }
});
