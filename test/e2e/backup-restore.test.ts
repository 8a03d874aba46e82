/** Into an archive and out of it again, with the built command; judged against what each version's own server had answered. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/util/canonical.ts";
import { archiveQuarantine, type RawCollection, rawArchive } from "../support/archives.ts";
import { askChroma } from "../support/chroma-answers.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";
import { projectRoot } from "../support/files.ts";
import {
  type RecordedCollection,
  recordedAnswers,
  recordedVersions,
  unpackRecorded,
} from "../support/fixtures.ts";
import { judge, readAnswers, readPoints } from "../support/judge.ts";
import { qdrantKinds, serveFolder } from "../support/qdrant-places.ts";

const usual = { tenant: "default_tenant", database: "default_database" };
const query = `tenant=${usual.tenant}&database=${usual.database}`;

function ulpsBetween(one: number, other: number): number {
  const bits = new Int32Array(Float32Array.of(one, other).buffer);
  const steps = Array.from(bits, (word) => (word < 0 ? -0x80000000 - word : word));
  return Math.abs((steps[0] ?? 0) - (steps[1] ?? 0));
}

/** How a row of an archive differs from what the server answered; null = not at all. */
function fault(answer: RecordedCollection, at: number, row: Record<string, unknown>, ulps: number) {
  const wanted = {
    document: answer.documents[at] ?? null,
    uri: answer.uris[at] ?? null,
    metadata: canonicalJson(
      answer.metadatas[at] === "null" ? "{}" : (answer.metadatas[at] ?? "{}"),
    ),
  };
  const found = {
    document: row["document"] ?? null,
    uri: row["uri"] ?? null,
    metadata: canonicalJson(String(row["metadata"] ?? "{}")),
  };
  if (JSON.stringify(wanted) !== JSON.stringify(found)) return { wanted, found };
  const id = answer.ids[at] ?? "";
  const aligned = answer.embeddings.length === answer.ids.length;
  const answered = aligned ? answer.embeddings[at] : null;
  const vectors = [answered, answer.sent?.get(id)].filter((one) => one != null);
  const vector = row["vector"];
  if (!Array.isArray(vector)) return vectors.length === 0 || !aligned ? null : { id, vector };
  const fits = vectors.some((one) =>
    one.every((component, index) => {
      const stored: unknown = vector[index];
      if (typeof stored !== "number") return false;
      return component === null ? true : ulpsBetween(component, stored) <= ulps;
    }),
  );
  return fits || vectors.length === 0 ? null : { id, vectors, vector };
}

function judgeArchive(
  held: RawCollection,
  answer: RecordedCollection,
  quarantined: string[],
): void {
  const rows = new Map(held.rows.map((row) => [row["id"], row]));
  expect(rows.size).toBe(held.rows.length);
  const ulps = held.info["distance"] === "cosine" ? 2 : 0;
  const faults = answer.ids.flatMap((id, at): object[] => {
    const row = rows.get(id);
    rows.delete(id);
    if (row === undefined) return quarantined.includes(id) ? [] : [{ missing: id }];
    const found = fault(answer, at, row, ulps);
    return found === null ? [] : [found];
  });
  expect(faults).toEqual([]);
  expect([...rows.keys()]).toEqual([]);
}

describe.each([...recordedVersions])("a folder of Chroma %s", (version) => {
  it("stands in an archive, and restored in a Qdrant, as its own server answered it", {
    timeout: 60_000,
  }, async () => {
    await using source = await unpackRecorded(version);
    using work = temporaryFolder();
    const cwd = work.path;
    const ends = [`${source.path}?${query}`, "archive:./a"];
    const backup = await runCli(["backup", ...ends, "--verify"], { cwd });
    expect([0, 3], backup.stdout + backup.stderr).toContain(backup.status);
    expect(backup.stdout).toContain("read back and are equal to the source's");

    const path = join(cwd, "a");
    const held = await rawArchive(path);
    const answers = recordedAnswers(version).filter(
      ({ tenant, database }) => tenant === usual.tenant && database === usual.database,
    );
    expect(held.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining(answers.map(({ name }) => name)),
    );
    const quarantine = archiveQuarantine(path);
    for (const one of held) {
      const answer = answers.find(({ name }) => name === one.name);
      const names = quarantine.filter(({ collection }) => collection === one.name);
      if (answer === undefined) expect(one.rows).toEqual([]);
      else
        judgeArchive(
          one,
          answer,
          names.map(({ id }) => id ?? ""),
        );
    }

    const restore = await runCli(["restore", "archive:./a", "embedded:q", "--json"], { cwd });
    expect([0, 3], restore.stdout + restore.stderr).toContain(restore.status);
    const { report } = JSON.parse(restore.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report).toMatchObject({ command: "restore", state: "VERIFIED" });
    const left = readQuarantine(report.quarantine.file);
    const text = gunzipSync(
      readFileSync(join(projectRoot, `test/fixtures/chroma/${version}/answers.json.gz`)),
    ).toString();
    const told = readAnswers(text);
    await using served = await serveFolder(join(cwd, "q"));
    for (const { target, distance } of report.collections) {
      const answer = told.get(`${usual.tenant}/${usual.database}/${target}`);
      if (answer === undefined) continue;
      const verdict = await judge(served, target, answer, { cosine: distance === "cosine" });
      expect(verdict.faults, target).toEqual([]);
      expect(verdict.extra, target).toEqual([]);
      const named = [...quarantine, ...left].flatMap(({ collection, id }) =>
        collection === target ? [id] : [],
      );
      expect(named, target).toEqual(expect.arrayContaining(verdict.missing));
    }
  });
});

function readQuarantine(file: string | null): { collection: string; id: string }[] {
  if (file === null) return [];
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

type Points = Awaited<ReturnType<typeof readPoints>>;

/** Two servers spell one float32 in two ways. */
function inFloats(points: Points): unknown {
  return points.map((point) => ({
    ...point,
    vector: Array.isArray(point.vector) ? point.vector.map(Math.fround) : point.vector,
  }));
}

/** Everything that a server says of a collection and its points, but for what it counts and numbers by itself. */
async function everything(
  place: Awaited<ReturnType<typeof serveFolder>>,
  name: string,
): Promise<{ readonly points: Points; readonly [part: string]: unknown }> {
  const { config, payload_schema } = await place.call<{
    config: unknown;
    payload_schema: Record<string, object>;
  }>("GET", `/collections/${name}`);
  const schema = Object.entries(payload_schema).map(([key, field]) => [
    key,
    { ...field, points: 0 },
  ]);
  return { config, schema: Object.fromEntries(schema), points: await readPoints(place, name) };
}

const vectors = { size: 3, distance: "Manhattan", on_disk: true };
const indexes = {
  category: "keyword",
  text: { type: "text", tokenizer: "word", min_token_len: 2 },
  number: { type: "integer", lookup: true, range: false },
  owner: { type: "keyword", is_tenant: true },
};
const oddPoints = [
  { id: 7, vector: [0.1, -0.0, 3e38], payload: { number: 9_007_199_254_740_991, float: 2.5 } },
  { id: 8, vector: {}, payload: { only: "a payload" } },
  { id: "0b5e9f3a-9f36-4a55-9a2b-0c4e9a1f4d10", vector: [1, 2, 3], payload: {} },
  {
    id: "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    vector: [4, 5, 6],
    payload: { _vecferry: { id: "nearly ours" }, nested: [{ deep: null }, "\u0000", "é"] },
  },
];

describe.each(qdrantKinds)("the points of an $name", ({ skip, start }) => {
  it.skipIf(skip)(
    "come back out of an archive as they were, with their collection",
    {
      timeout: 60_000,
    },
    async () => {
      await using place = await start();
      const [odd, moved] = [place.unique("odd"), place.unique("moved")];
      await place.call("PUT", `/collections/${odd}`, {
        vectors,
        hnsw_config: { m: 24 },
        metadata: { team: "search" },
      });
      for (const [field_name, field_schema] of Object.entries(indexes))
        await place.call("PUT", `/collections/${odd}/index?wait=true`, {
          field_name,
          field_schema,
        });
      await place.call("PUT", `/collections/${odd}/points?wait=true`, { points: oddPoints });
      await using chroma = await unpackRecorded("1.5.9");
      using work = temporaryFolder();
      const options = { cwd: work.path, env: place.env };
      const [first] = recordedAnswers("1.5.9").filter(
        ({ database }) => database === usual.database,
      );
      const name = first?.name ?? "";
      const only = ["--chromadb-collections", name];
      const migrated = await runCli(
        ["migrate", `${chroma.path}?${query}`, place.url, "--rename", `${name}=${moved}`, ...only],
        options,
      );
      expect([0, 3], migrated.stderr).toContain(migrated.status);
      // Others have put something beside what we wrote.
      const [some] = await readPoints(place, moved);
      await place.call("POST", `/collections/${moved}/points/payload?wait=true`, {
        payload: { beside: { by: "others" } },
        points: [some?.id],
      });

      const wanted = ["--include", odd, "--include", moved];
      const backup = await runCli(
        ["backup", place.url, "archive:./q", "--verify", ...wanted],
        options,
      );
      expect(backup.status, backup.stdout + backup.stderr).toBe(0);
      const records = (await rawArchive(join(work.path, "q"))).find((one) => one.name === moved);
      expect(records?.rows.map(({ id }) => id).sort()).toEqual([...(first?.ids ?? [])].sort());
      expect(records?.rows.filter(({ rest }) => (rest ?? null) !== null)).toHaveLength(1);

      const into = ["restore", "archive:./q", "embedded:r", "--batch-size", "20"];
      const stop = { ...options, env: { ...options.env, VECFERRY_STOP_AT: "after-acknowledge:2" } };
      if (process.platform !== "win32") expect((await runCli(into, stop)).status).toBeNull();
      const restored = await runCli(into, options);
      expect(restored.status, restored.stdout + restored.stderr).toBe(0);
      expect(restored.stdout).toContain("equal in point id, vector bits and the whole payload");
      const again = await runCli(["restore", "archive:./q", "embedded:r", "--json"], options);
      const { report } = JSON.parse(again.stdout.trimEnd().split("\n").at(-1) ?? "");
      expect(report).toMatchObject({ command: "restore", exit: 0, totals: { carried: 0 } });
      const back = [place.unique("back"), place.unique("back2")];
      const renames = ["--rename", `${odd}=${back[0]}`, "--rename", `${moved}=${back[1]}`];
      const home = await runCli(["restore", "archive:./q", place.url, ...renames], options);
      expect(home.status, home.stdout + home.stderr).toBe(0);
      await using served = await serveFolder(join(work.path, "r"));
      for (const [at, one] of [odd, moved].entries()) {
        const there = await everything(place, one);
        expect(await everything(place, back[at] ?? "")).toEqual(there);
        expect((await readPoints(served, one)).length).toBeGreaterThan(3);
        expect(inFloats(await readPoints(served, one))).toEqual(inFloats(there.points));
      }
    },
  );

  it.skipIf(skip)(
    "are not written over others, nor beside others unless that is asked",
    {
      timeout: 60_000,
    },
    async () => {
      await using place = await start();
      const name = place.unique("others");
      await place.call("PUT", `/collections/${name}`, { vectors });
      await place.call("PUT", `/collections/${name}/points?wait=true`, { points: oddPoints });
      using work = temporaryFolder();
      const options = { cwd: work.path, env: place.env };
      const backup = await runCli(["backup", place.url, "archive:./q", "--include", name], options);
      expect(backup.status, backup.stderr).toBe(0);
      const restore = ["restore", "archive:./q", place.url];
      const beside = { points: [{ id: 99, vector: [1, 1, 1], payload: {} }] };
      await place.call("PUT", `/collections/${name}/points?wait=true`, beside);
      const foreign = await runCli(restore, options);
      expect(foreign.stderr).toContain("E_FOREIGN_POINTS");
      expect(foreign.stderr).toContain("holds 1 points that the archive does not have; point 99");
      const merged = await runCli([...restore, "--merge"], options);
      expect(merged.status, merged.stderr).toBe(0);
      const changed = { points: [{ id: 7, vector: [1, 1, 1], payload: {} }] };
      await place.call("PUT", `/collections/${name}/points?wait=true`, changed);
      for (const flags of [[], ["--merge"]]) {
        const taken = await runCli([...restore, ...flags], options);
        expect(taken.status).toBe(2);
        expect(taken.stderr).toContain("E_POINT_TAKEN");
      }
      expect((await readPoints(place, name)).find(({ id }) => id === 7)?.vector).toEqual([1, 1, 1]);
    },
  );
});

const reason = chromaAvailable();
describe.skipIf(reason !== null)(
  `vecferry backup of Chroma Cloud${reason === null ? "" : ` (skipped: ${reason})`}`,
  () => {
    let server: ChromaServer;
    beforeAll(async () => {
      server = await startChroma();
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    it("keeps every record within the quotas, as the page for leavers says", async () => {
      const rules = { busy: 0.1, unavailable: 0.05, shortPage: 0.3 };
      await using scene = await cloudScene(server, cloudRecords(700), { rules, seed: 5 });
      using work = temporaryFolder();
      const options = { cwd: work.path, env: { CHROMA_API_KEY: cloudKey } };
      const run = await runCli(["backup", scene.address, "archive:./rescue", "--verify"], options);
      expect(run.status, run.stdout + run.stderr).toBe(0);
      const [held] = await rawArchive(join(work.path, "rescue"));
      const answers = await askChroma(server, scene.place, scene.key);
      expect(held?.rows.map(({ id }) => id).sort()).toEqual([...answers.ids].sort());
      expect(scene.cloud.statuses.get(422)).toBeUndefined();
      const restore = await runCli(["restore", "archive:./rescue", "embedded:q"], options);
      expect(restore.status, restore.stdout + restore.stderr).toBe(0);
      await using served = await serveFolder(join(work.path, "q"));
      const verdict = await judge(served, "records", answers, { cosine: true });
      expect(verdict).toMatchObject({ missing: [], extra: [], faults: [] });
    });
  },
);
