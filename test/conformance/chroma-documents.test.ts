/** Chroma as a store of applications' documents: the suites on every version that can be had here, and on the stand-in for Chroma Cloud. */
import { afterAll, describe, it } from "vitest";
import { openChromaCloudDocuments, openChromaDocuments } from "../../src/adapters/chroma/index.ts";
import { ChromaRepository } from "../../src/repositories.ts";
import { documentSuite, repositorySuite } from "../../src/testing/index.ts";
import { newPlace } from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { cloudKey, moodyCloud } from "../support/cloud-scene.ts";

const noNulls = "a Chroma's metadata holds no null and nothing nested; such a document is refused";
const noLists = "a Chroma takes lists from 1.5.0 on; such a document is refused";
const nested = "keep nulls, nested objects and empty lists of their metadata";

const withoutLists = {
  [nested]: noNulls,
  "keep lists of their metadata": noLists,
  "take lists by their members with $contains alone": noLists,
};

/** The newest and the oldest; those between where VECFERRY_ALL_CHROMAS=1 asks for them. */
const versions: readonly ChromaVersion[] =
  process.env["VECFERRY_ALL_CHROMAS"] === "1"
    ? ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"]
    : ["1.5.9", "0.4.24"];

for (const version of versions) {
  const skip = version === "1.5.9" ? { [nested]: noNulls } : withoutLists;
  const reason = chromaAvailable(version);
  if (reason !== null) {
    describe.skip(`Chroma ${version} as a store of documents (${reason})`, () => {
      it("passes the suites", () => undefined);
    });
    continue;
  }
  const server = await startChroma({ version });
  afterAll(() => server[Symbol.asyncDispose]());
  const place = await newPlace(server);
  documentSuite(
    { describe, it },
    {
      name: `Chroma ${version}`,
      open: () => openChromaDocuments({ kind: "chroma", url: server.url, ...place }),
      keeps: true,
      skip,
    },
  );
  repositorySuite(
    { describe, it },
    {
      name: `Chroma ${version}`,
      open: () => new ChromaRepository({ url: server.url, ...place }),
      lacks: {
        nulls: noNulls,
        nested: noNulls,
        ...(version === "1.5.9" ? {} : { lists: noLists }),
      },
    },
  );
}

const reason = chromaAvailable();
if (reason !== null) {
  describe.skip(`Chroma Cloud's stand-in as a store of documents (${reason})`, () => {
    it("passes the suites", () => undefined);
  });
} else {
  const server = await startChroma();
  const cloud = await moodyCloud(server);
  afterAll(async () => {
    await cloud[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  documentSuite(
    { describe, it },
    {
      name: "Chroma Cloud's stand-in",
      open: () =>
        openChromaCloudDocuments(
          { kind: "chroma-cloud", url: cloud.url, ...cloud.place },
          { chroma: { token: cloudKey } },
        ),
      keeps: true,
      skip: { [nested]: noNulls },
    },
  );
  repositorySuite(
    { describe, it },
    {
      name: "Chroma Cloud's stand-in",
      open: () =>
        new ChromaRepository({
          url: `chroma-cloud://${cloud.place.tenant}/${cloud.place.database}?host=${cloud.url}`,
          apiKey: cloudKey,
        }),
      lacks: { nulls: noNulls, nested: noNulls },
    },
  );
}
