import { afterAll, beforeAll, describe, it } from "vitest";
import { openChromaCloud } from "../../src/adapters/chroma/index.ts";
import { sourceSuite } from "../../src/testing/index.ts";
import { awkwardCollections } from "../support/awkward.ts";
import { fillChroma, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type CloudStandIn, startCloud } from "../support/cloud-stand-in.ts";

const reason = chromaAvailable();

describe.skipIf(reason !== null)(
  `Chroma Cloud${reason === null ? "" : ` (skipped: ${reason})`}`,
  () => {
    const collections = awkwardCollections(true);
    const seed = Math.floor(Math.random() * 2 ** 31);
    let server: ChromaServer;
    let cloud: CloudStandIn;
    let place: Place;

    beforeAll(async () => {
      console.log(`seed ${seed}`);
      server = await startChroma();
      place = await newPlace(server);
      await fillChroma(server, place, collections);
      cloud = await startCloud({
        upstream: server.url,
        keys: [{ key: "ck-mine", tenant: place.tenant, databases: [place.database] }],
        rules: { busy: 0.03, unavailable: 0.02, shortPage: 0.3 },
        seed,
      });
    });
    afterAll(async () => {
      await cloud?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    sourceSuite(
      { describe, it },
      {
        name: "Chroma Cloud, as its stand-in answers",
        open: () =>
          openChromaCloud(
            { kind: "chroma-cloud", url: cloud.url, ...place },
            { chroma: { token: "ck-mine" } },
          ),
        collections: () => collections,
      },
    );
  },
);
