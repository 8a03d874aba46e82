import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { plainPointId } from "../../src/model/point-id.ts";
import { FaissRepository } from "../../src/repositories.ts";
import {
  documentSuite,
  repositorySuite,
  sourceSuite,
  targetSuite,
} from "../../src/testing/index.ts";
import { batchOf, testSpec } from "../../src/testing/target-records.ts";
import { awkwardCollections } from "../support/awkward.ts";

const kit = { describe, it };
let folder: string;
let filled: string;

/** Records whose ids a point store keeps, with vectors that cosine keeps. */
const collections = awkwardCollections(true)
  .filter(({ dimension }) => dimension !== null)
  .map((collection) => {
    const { distance, where } = collection;
    const records = collection.records.map((record) => ({
      ...record,
      id: plainPointId(record.id),
      vector: distance === "cosine" ? unit(record.vector) : record.vector,
    }));
    const ids = where?.ids.map(plainPointId) ?? [];
    return { ...collection, records, ...(where === undefined ? {} : { where: { ...where, ids } }) };
  });

function unit(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return Array.from(Float32Array.from(vector, (component) => component / norm));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vecferry-faiss-"));
  filled = join(folder, "filled");
  await using store = await openFaiss(filled);
  for (const { name, distance, dimension, records } of collections) {
    const spec = testSpec({ name, distance, dimension: dimension ?? 1 });
    await store.ensure(spec);
    await store.write(spec, batchOf(records));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

targetSuite(kit, { name: "FAISS", keeps: true, open: () => openFaiss(join(folder, "target")) });
// Both suites, as docs/stores.md has them.
sourceSuite(kit, { name: "FAISS", open: () => openFaiss(filled), collections: () => collections });
documentSuite(kit, {
  name: "FAISS",
  keeps: true,
  open: () => openFaiss(join(folder, "documents")),
});
repositorySuite(kit, {
  name: "FAISS",
  open: () => new FaissRepository({ path: join(folder, "repository") }),
});
