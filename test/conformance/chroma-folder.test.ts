import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openChromaFolder } from "../../src/adapters/chroma-folder/index.ts";
import { sourceSuite } from "../../src/testing/index.ts";
import { awkwardCollections } from "../support/awkward.ts";
import { fillChroma, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";

const versions: ChromaVersion[] = ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"];

for (const version of versions) {
  const reason = chromaAvailable(version, true);
  describe.skipIf(reason !== null)(
    `the folder of a Chroma ${version}${reason === null ? "" : ` (skipped: ${reason})`}`,
    () => {
      const collections = awkwardCollections(version === "1.5.9");
      let path: string;
      let place: Place;

      beforeAll(async () => {
        path = await mkdtemp(join(tmpdir(), "vecferry-folder-"));
        await using server = await startChroma({ version, path });
        place = await newPlace(server);
        await fillChroma(server, place, collections);
      });
      afterAll(() => rm(path, { recursive: true, force: true }));

      sourceSuite(
        { describe, it },
        {
          name: `the folder of a Chroma ${version}`,
          open: () => openChromaFolder(path, place),
          collections: () => collections,
        },
      );
    },
  );
}
