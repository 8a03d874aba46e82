import { afterAll, beforeAll, describe, it } from "vitest";
import { openChroma } from "../../src/adapters/chroma/index.ts";
import { sourceSuite } from "../../src/testing/index.ts";
import { awkwardCollections } from "../support/awkward.ts";
import { fillChroma, newPlace, type Place } from "../support/chroma-fill.ts";
import {
  type ChromaServer,
  type ChromaVersion,
  chromaAvailable,
  startChroma,
} from "../support/chroma-server.ts";

const versions: ChromaVersion[] = ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"];

for (const version of versions) {
  const reason = chromaAvailable(version);
  describe.skipIf(reason !== null)(
    `Chroma ${version}${reason === null ? "" : ` (skipped: ${reason})`}`,
    () => {
      const collections = awkwardCollections(version === "1.5.9");
      let server: ChromaServer;
      let place: Place;

      beforeAll(async () => {
        server = await startChroma({ version });
        place = await newPlace(server);
        await fillChroma(server, place, collections);
      });
      afterAll(() => server?.[Symbol.asyncDispose]());

      sourceSuite(
        { describe, it },
        {
          name: `Chroma ${version} over HTTP`,
          open: () => openChroma({ kind: "chroma", url: server.url, ...place }),
          collections: () => collections,
        },
      );
    },
  );
}
