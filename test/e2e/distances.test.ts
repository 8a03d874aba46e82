/** Fault 8: the distance of a collection is what its source really searches by, whatever the server says it is. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chromaAddress } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import { numbered } from "../support/chroma-scene.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { recordedVersions } from "../support/fixtures.ts";
import { type QdrantPlace, serveFolder } from "../support/qdrant-places.ts";
import { type StubAnswer, startStub } from "../support/stub.ts";
import { stubChroma, things } from "../support/stub-chroma.ts";

/** What the collections of every recorded folder were made with. */
const recorded = { angles: "Cosine", dots: "Dot", squares: "Euclid", awkward: "Euclid" };
const scope = "?tenant=default_tenant&database=default_database";

async function distancesIn(qdrant: QdrantPlace): Promise<Record<string, string>> {
  interface Described {
    config: { params: { vectors: { distance: string } } };
  }
  const { collections } = await qdrant.call<{ collections: { name: string }[] }>(
    "GET",
    "/collections",
  );
  const described = collections.map(async ({ name }) => {
    const { config } = await qdrant.call<Described>("GET", `/collections/${name}`);
    return [name, config.params.vectors.distance];
  });
  return Object.fromEntries(await Promise.all(described));
}

/** Migrates and reads the distances of what was made. Records in quarantine are no matter here. */
async function migratedDistances(source: string, cwd: string): Promise<Record<string, string>> {
  const { status, stderr } = await runCli(["migrate", source, "embedded:./q"], { cwd });
  expect([0, 3], stderr).toContain(status);
  await using qdrant = await serveFolder(join(cwd, "q"));
  return await distancesIn(qdrant);
}

describe("8: the distance is right", () => {
  it.each(recordedVersions)(
    "for every collection of a folder that Chroma %s wrote",
    async (version) => {
      using folder = temporaryFolder();
      unpackChroma(version, folder.path);
      const configured =
        version === "1.0.20" || version === "1.5.9" ? { configured: "Cosine" } : {};
      expect(await migratedDistances(`.${scope}`, folder.path)).toMatchObject({
        ...recorded,
        ...configured,
      });
    },
  );

  it.each([
    ["cosine", "Cosine"],
    ["ip", "Dot"],
    ["l2", "Euclid"],
  ] as const)(
    "where the server says l2 in all its words and searches by %s",
    async (space, distance) => {
      using folder = temporaryFolder();
      const said = { ...things, configuration_json: { hnsw: { space: "l2" } } };
      await using chroma = await startStub(
        stubChroma({
          api: "v2",
          records: numbered(20),
          version: "1.0.4",
          collections: [said],
          intercept: ({ path, body }) =>
            path.endsWith("/query") ? search(space, body) : undefined,
        }),
      );
      const source = chroma.url.replace(/^http/, "chroma");
      expect(await migratedDistances(source, folder.path)).toEqual({ things: distance });
    },
  );

  const no1020 = chromaAvailable("1.0.20", true);
  it.skipIf(no1020)(
    `for collections of a 1.0.20 server, which says l2 of all of them${no1020 ? `: ${no1020}` : ""}`,
    async () => {
      using folder = temporaryFolder();
      await using chroma = await startChroma({ version: "1.0.20" });
      const place = await newPlace(chroma);
      for (const space of ["l2", "cosine", "ip"]) await fill(chroma, place, space);
      const found = await migratedDistances(chromaAddress(chroma.url, place), folder.path);
      expect(found).toEqual({ "by-l2": "Euclid", "by-cosine": "Cosine", "by-ip": "Dot" });
    },
  );
});

/** What a server answers that searches the numbered records by `space`: 1 - cos, 1 - Σab, or Σ(a-b)². */
function search(space: "cosine" | "ip" | "l2", body: unknown): StubAnswer {
  const { query_embeddings: queries, n_results: limit } = body as {
    query_embeddings: [[number, number]];
    n_results: number;
  };
  const [[a, b]] = queries;
  const found = numbered(20).map(({ id, embedding }) => {
    const [x = 0, y = 0] = embedding?.map((component) => component ?? 0) ?? [];
    const dot = a * x + b * y;
    const cosine = 1 - dot / (Math.hypot(a, b) * Math.hypot(x, y));
    const far = { cosine, ip: 1 - dot, l2: (a - x) ** 2 + (b - y) ** 2 }[space];
    return { id, embedding: [x, y], far };
  });
  const nearest = found.sort((one, other) => one.far - other.far).slice(0, limit);
  return {
    body: {
      ids: [nearest.map(({ id }) => id)],
      distances: [nearest.map(({ far }) => far)],
      embeddings: [nearest.map(({ embedding }) => embedding)],
      documents: null,
    },
  };
}

async function fill(chroma: ChromaServer, place: Place, space: string): Promise<void> {
  const key = await makeCollection(chroma, place, `by-${space}`, { "hnsw:space": space });
  const records = [1, 2, 3].map((at) => ({
    id: `r${at}`,
    vector: [at, 1, -at * 2],
    document: null,
    uri: null,
    metadata: null,
  }));
  await addRecords(chroma, place, key, records);
}
