/** What stands at the target already: points of others are not in the way unseen, not harmed, and not taken away. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromaAddress, faultless, madeAnswers } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { judge, readPoints } from "../support/judge.ts";
import { makeFolder } from "../support/make-folder.ts";
import { type QdrantPlace, qdrantKinds, serveFolder } from "../support/qdrant-places.ts";

const records = 60;
const foreign = {
  id: "11111111-aaaa-4bbb-8ccc-222222222222",
  vector: [1, 2, 3, 4],
  payload: { mine: "stays", _vecferry: { id: "not ours: no run wrote it" } },
};

describe.each(qdrantKinds)("at the $name", ({ skip, start }) => {
  let qdrant: QdrantPlace;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => {
    folder = temporaryFolder();
    for (const name of ["first", "second"])
      makeFolder(join(folder.path, name), { records, dimension: 4, name });
    if (!skip) qdrant = await start();
  });
  afterAll(async () => {
    await qdrant?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const vecferry = (...args: string[]): Promise<Ended> =>
    runCli(args, { cwd: folder.path, env: qdrant.env });
  /** Migrates one of the two folders, each in a journal of its own, unless `--state` says otherwise. */
  const migrate = (source: string, target: string, ...flags: string[]): Promise<Ended> =>
    vecferry(
      "migrate",
      `./${source}`,
      qdrant.url,
      "--rename",
      `${source}=${target}`,
      "--state",
      `state-${target}-${source}`,
      ...flags,
    );
  const made = async (name: string): Promise<string> => {
    await qdrant.call("PUT", `/collections/${name}`, { vectors: { size: 4, distance: "Euclid" } });
    return name;
  };
  const put = (name: string, point: object): Promise<unknown> =>
    qdrant.call("PUT", `/collections/${name}/points?wait=true`, { points: [point] });
  const verdictOf = (name: string, sourceName?: string) =>
    judge(qdrant, name, madeAnswers(records, 4), {
      cosine: false,
      ...(sourceName === undefined ? {} : { sourceName }),
    });

  it.skipIf(skip)(
    "a collection with a point that no run wrote is refused, and with --merge the point stays as it is",
    async () => {
      const name = await made(qdrant.unique("foreign"));
      await put(name, foreign);
      const before = await readPoints(qdrant, name);
      const refused = await migrate("first", name);
      expect(refused.stderr).toContain("[E_FOREIGN_POINTS]");
      expect(refused.stderr).toContain(foreign.id);
      expect(refused.stderr).toContain("--merge");
      expect(refused.status).toBe(2);
      expect(await readPoints(qdrant, name)).toEqual(before);
      const merged = await migrate("first", name, "--merge");
      expect(merged.status).toBe(0);
      expect(merged.stdout).toContain("also holds 1 points");
      expect(await verdictOf(name)).toMatchObject({
        ...faultless,
        extra: [foreign.payload._vecferry.id],
      });
      const after = await readPoints(qdrant, name);
      expect(after.filter(({ id }) => id === foreign.id)).toEqual(before);
    },
  );

  it.skipIf(skip)(
    "a record whose point is a foreign one is refused with both named, even with --merge, before any write",
    async () => {
      const trial = qdrant.unique("trial");
      expect((await migrate("first", trial, "--limit", "5")).status).toBe(0);
      const [taken] = await readPoints(qdrant, trial);
      const id = String(taken?.id);
      const name = await made(qdrant.unique("taken"));
      await put(name, { ...foreign, id });
      const { status, stderr } = await migrate("first", name, "--merge");
      expect(stderr).toContain("[E_POINT_TAKEN]");
      expect(stderr).toContain(id);
      expect(stderr).toContain("--id-prefix");
      expect(status).toBe(2);
      expect(await readPoints(qdrant, name)).toHaveLength(1);
      expect((await migrate("first", name, "--merge", "--id-prefix", "first=a:")).status).toBe(0);
      expect(await readPoints(qdrant, name)).toHaveLength(records + 1);
    },
  );

  it.skipIf(skip)(
    "a record whose point another run has taken is refused before any write; points of another run are not in the way",
    async () => {
      const name = qdrant.unique("shared");
      expect((await migrate("first", name)).status).toBe(0);
      const before = await readPoints(qdrant, name);
      const refused = await migrate("second", name);
      expect(refused.stderr).toContain("[E_POINT_TAKEN]");
      expect(refused.stderr).toMatch(/of run [0-9a-f]{16}/);
      expect(refused.status).toBe(2);
      expect(await readPoints(qdrant, name)).toEqual(before);
      const prefixed = await migrate("second", name, "--id-prefix", "second=b:");
      expect(prefixed.status).toBe(0);
      expect(await readPoints(qdrant, name)).toHaveLength(2 * records);
      const verified = await vecferry(
        "verify",
        "./first",
        qdrant.url,
        "--state",
        `state-${name}-first`,
      );
      expect(verified.status).toBe(0);
    },
  );

  it.skipIf(skip)("`cancel` removes what its migration made, and nothing else", async () => {
    const name = await made(qdrant.unique("cancelled"));
    await put(name, foreign);
    expect((await migrate("first", name, "--merge")).status).toBe(0);
    const kept = await readPoints(qdrant, name);
    expect((await migrate("second", name, "--merge", "--id-prefix", "second=b:")).status).toBe(0);
    const state = ["--state", `state-${name}-second`];
    expect((await vecferry("cancel", qdrant.url, ...state, "--dry-run")).status).toBe(0);
    expect(await readPoints(qdrant, name)).toHaveLength(2 * records + 1);
    expect((await vecferry("cancel", qdrant.url, ...state)).status).toBe(0);
    expect(await readPoints(qdrant, name)).toEqual(kept);
    const again = await vecferry("cancel", qdrant.url, ...state);
    expect(again.stderr).toContain("[E_NO_MIGRATION]");
  });

  it.skipIf(skip)("`cancel` also removes a collection that its migration made", async () => {
    const name = qdrant.unique("made");
    expect((await migrate("first", name)).status).toBe(0);
    const state = ["--state", `state-${name}-first`];
    expect((await vecferry("cancel", qdrant.url, ...state)).status).toBe(0);
    expect(await qdrant.call("GET", `/collections/${name}/exists`)).toEqual({ exists: false });
  });
});

const noChroma = chromaAvailable();

describe.skipIf(noChroma)(
  `two collections that share an id${noChroma ? `: ${noChroma}` : ""}`,
  () => {
    it("are refused in one target with both named, before any write, and --id-prefix solves it", async () => {
      using folder = temporaryFolder();
      await using chroma = await startChroma();
      const place = await newPlace(chroma);
      const record = { vector: [1, 2], document: null, uri: null, metadata: null };
      for (const [name, own] of [
        ["cats", "c1"],
        ["dogs", "d1"],
      ] as const) {
        const key = await makeCollection(chroma, place, name);
        const ids = [own, "both"];
        await addRecords(
          chroma,
          place,
          key,
          ids.map((id) => ({ ...record, id, document: name })),
        );
      }
      const source = chromaAddress(chroma.url, place);
      const flags = ["--target-collection", "pets", "--default-tenant", "vet"];
      const args = ["migrate", source, "embedded:./q", ...flags];
      const refused = await runCli(args, { cwd: folder.path });
      expect(refused.stderr).toContain("[E_ID_COLLISION]");
      for (const word of ['"cats"', '"dogs"', '"both"', "--id-prefix"])
        expect(refused.stderr).toContain(word);
      expect(refused.status).toBe(2);
      {
        await using qdrant = await serveFolder(join(folder.path, "q"));
        expect(await qdrant.call("GET", "/collections")).toEqual({ collections: [] });
      }
      const solved = await runCli([...args, "--id-prefix", "dogs=d:"], { cwd: folder.path });
      expect([solved.status, solved.stderr]).toEqual([0, ""]);
      await using qdrant = await serveFolder(join(folder.path, "q"));
      const points = await readPoints(qdrant, "pets");
      expect(points).toHaveLength(4);
      const both = points.filter(({ payload }) => JSON.stringify(payload).includes('"both"'));
      expect(both.map(({ payload }) => payload["document"]).sort()).toEqual(["cats", "dogs"]);
    });
  },
);
