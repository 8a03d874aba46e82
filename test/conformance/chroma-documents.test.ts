/** Chroma as a store of applications' documents: the suites on every version that can be had here, and on the stand-in for Chroma Cloud. */
import { afterAll, describe, it } from "vitest";
import { openChromaDocuments } from "../../src/adapters/chroma/index.ts";
import { ChromaRepository } from "../../src/repositories.ts";
import { documentSuite, repositorySuite } from "../../src/testing/index.ts";
import { newPlace } from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";

const noNulls = "a Chroma's metadata holds no null and nothing nested; such a document is refused";
const noLists = "a Chroma takes lists from 1.5.0 on; such a document is refused";
const nested = "keep nulls, nested objects and empty lists of their metadata";

const versions: readonly [ChromaVersion, Readonly<Record<string, string>>][] = [
  ["1.5.9", { [nested]: noNulls }],
  [
    "0.4.24",
    {
      [nested]: noNulls,
      "keep lists of their metadata": noLists,
      "take lists by their members with $contains alone": noLists,
    },
  ],
];

for (const [version, skip] of versions) {
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
