import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openArchive } from "../../src/adapters/archive/index.ts";
import { archiveBounds } from "../../src/adapters/archive/row-buffer.ts";
import { sourceSuite } from "../../src/testing/index.ts";
import { makeArchive, smallBounds } from "../support/archive-scene.ts";
import { awkwardCollections } from "../support/awkward.ts";

describe.each([
  ["an archive", archiveBounds],
  ["an archive of many row groups and parts", smallBounds],
])("%s", (name, bounds) => {
  const collections = awkwardCollections(true);
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vecferry-archive-"));
    ({ path } = await makeArchive(folder, collections, bounds));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  sourceSuite(
    { describe, it },
    { name, open: () => openArchive(path), collections: () => collections },
  );
});
