/** Stores inside the wrapper that slows them down: still stores. Its waiting takes no time here, so only its parts are seen. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { openChroma } from "../../src/adapters/chroma/index.ts";
import { openEmbedded } from "../../src/adapters/qdrant/store.ts";
import { gentleSource, gentleTarget } from "../../src/store/gentle.ts";
import { Pace } from "../../src/store/pace.ts";
import { sourceSuite } from "../../src/testing/source-suite.ts";
import { targetSuite } from "../../src/testing/target-suite.ts";
import { throwIfAborted } from "../../src/util/abort.ts";
import type { Clock } from "../../src/util/clock.ts";
import { awkwardCollections } from "../support/awkward.ts";
import { fillChroma, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";

const kit = { describe, it };
const restless: Clock = {
  now: () => performance.now(),
  sleep: async (_ms, signal) => throwIfAborted(signal),
};

/** Three rows a request; every answer is late. */
function pace(): Pace {
  const limits = { maxRowsPerSecond: 30, maxLatencyMs: 0.001, clock: restless };
  return new Pace(limits, { places: 2, reports: false });
}

targetSuite(kit, {
  name: "a slowed embedded :memory:",
  keeps: false,
  vectors: "all",
  open: async () => gentleTarget(await openEmbedded(":memory:"), pace()),
});

const reason = chromaAvailable();
describe.skipIf(reason !== null)(
  `Chroma${reason === null ? "" : ` (skipped: ${reason})`}, slowed`,
  () => {
    const collections = awkwardCollections(true);
    let server: ChromaServer;
    let place: Place;

    beforeAll(async () => {
      server = await startChroma();
      place = await newPlace(server);
      await fillChroma(server, place, collections);
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    sourceSuite(kit, {
      name: "a slowed Chroma over HTTP",
      open: async () =>
        gentleSource(await openChroma({ kind: "chroma", url: server.url, ...place }), pace()),
      collections: () => collections,
    });
  },
);
