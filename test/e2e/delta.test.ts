/**
 * Passes over a finished job: what a real Chroma has been told since, through its server and from its folder, reaches the
 * target, is counted, and harms nothing that others did there. What stands where says the judge.
 */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { askChroma, chromaAddress, faultless } from "../support/chroma-answers.ts";
import {
  addRecords,
  collectionsUrl,
  makeCollection,
  newPlace,
  type Place,
  send,
} from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { judge, readPoints } from "../support/judge.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";
import { SourceWriter } from "../support/source-writer.ts";

const records = 300;
const batchSize = 15;
const noChroma = chromaAvailable("1.5.9", true);

const record = (at: number): FixtureRecord => {
  const vector = [at, at / 2, -at, 1];
  return { id: `r${at}`, vector, document: `Document ${at}`, uri: null, metadata: `{"at":${at}}` };
};

const resultSchema = z.object({
  report: z.object({
    state: z.string(),
    delta: z.object({ added: z.number(), changed: z.number(), deleted: z.number() }).nullable(),
    totals: z.object({ removed: z.number(), kept: z.number() }),
    notes: z.array(z.string()),
  }),
});

/** The report in the last line of `--json`. */
function reportOf({ stdout, stderr }: Ended) {
  const last = stdout.trim().split("\n").at(-1) ?? "";
  expect(last, stderr).toContain('"type":"result"');
  return resultSchema.parse(JSON.parse(last)).report;
}

describe.skipIf(noChroma).each(qdrantKinds)(
  `what changes at a Chroma after it was copied to the $name${noChroma ? `: ${noChroma}` : ""}`,
  ({ skip, start }) => {
    let chroma: ChromaServer;
    let qdrant: QdrantPlace;
    let folder: ReturnType<typeof temporaryFolder>;
    beforeAll(async () => {
      if (skip) return;
      folder = temporaryFolder();
      chroma = await startChroma({ path: folder.path });
      qdrant = await start();
    });
    afterAll(async () => {
      await qdrant?.[Symbol.asyncDispose]();
      await chroma?.[Symbol.asyncDispose]();
      folder?.[Symbol.dispose]();
    });

    /** A collection that was copied once; `from` its folder or its server. */
    async function copied(from: "folder" | "server", tenant: string | null = null) {
      const place = await newPlace(chroma);
      const key = await makeCollection(chroma, place, "changing");
      const first = Array.from({ length: records }, (_, at) => record(at));
      await addRecords(chroma, place, key, first);
      const target = qdrant.unique("delta");
      const state = join(folder.path, `state-${target}`);
      const migrate = (...flags: string[]): Promise<Ended> => {
        const shape =
          tenant === null
            ? ["--rename", `changing=${target}`]
            : ["--target-collection", target, "--default-tenant", tenant];
        const ends = [sourceOf(from, place), qdrant.url];
        const args = ["migrate", ...ends, ...shape, "--state", state, "--json", ...flags];
        return runCli(args, { cwd: folder.path, env: { ...qdrant.env, ...stop.env } });
      };
      const stop: { env: Record<string, string> } = { env: {} };
      const verdict = async () => {
        const options = { cosine: false, ...(tenant === null ? {} : { tenant }) };
        return judge(qdrant, target, await askChroma(chroma, place, key), options);
      };
      const write = (verb: string, body: object): Promise<unknown> =>
        send(collectionsUrl(chroma, place, `/${key}/${verb}`), "POST", JSON.stringify(body));
      expect((await migrate()).status).toBe(0);
      expect(await verdict()).toMatchObject(faultless);
      return { place, key, first, target, migrate, verdict, write, stop };
    }

    const sourceOf = (from: "folder" | "server", { tenant, database }: Place): string =>
      from === "server"
        ? chromaAddress(chroma.url, { tenant, database })
        : `chroma-folder:${folder.path}?tenant=${tenant}&database=${database}`;

    describe.skipIf(skip).each(["folder", "server"] as const)("from its %s", (from) => {
      it.each([null, "acme"])(
        "is carried and counted; deletions once they are asked for (tenant %s)",
        async (tenant) => {
          const { place, key, migrate, verdict, write } = await copied(from, tenant);
          const made = (id: string, at: number) => ({ ...record(at), id });
          await addRecords(chroma, place, key, [made("new1", 1), made("new2", 2)]);
          await write("update", { ids: ["r5"], embeddings: [[9, 8, 7, 6]] });
          await write("update", { ids: ["r6"], documents: ["another"] });
          await write("update", { ids: ["r7"], metadatas: [{ at: 2 ** 40 }] });
          const upserted = { ids: ["r8"], embeddings: [[1, 1, 1, 1]], documents: ["upserted"] };
          await write("upsert", upserted);
          await write("delete", { ids: ["r9", "r10", "r11"] });
          await addRecords(chroma, place, key, [made("r10", 77), record(11)]);
          const first = await migrate();
          // One was deleted and added again as it was: nothing of it has changed.
          const delta = { added: 2, changed: 5, deleted: 1 };
          expect(first.status, first.stderr).toBe(4);
          expect(first.stderr).toContain("delta of");
          expect(first.stderr).toContain("2 added, 5 changed, 1 deleted");
          expect(reportOf(first)).toMatchObject({ state: "STALE", delta });
          expect(await verdict()).toMatchObject({ ...faultless, extra: ["r9"] });
          const second = await migrate("--propagate-deletes");
          expect(second.status, second.stderr).toBe(0);
          const nothing = { added: 0, changed: 0, deleted: 0 };
          expect(reportOf(second)).toMatchObject({
            state: "VERIFIED",
            delta: nothing,
            totals: { removed: 1 },
          });
          expect(await verdict()).toMatchObject(faultless);
          await addRecords(chroma, place, key, [record(9)]);
          expect(reportOf(await migrate()).delta).toEqual({ ...nothing, added: 1 });
          expect(await verdict()).toMatchObject(faultless);
        },
      );

      it("does no harm to what a person has done at the target", async () => {
        const { target, migrate, verdict, write } = await copied(from);
        const points = await readPoints(qdrant, target);
        const edit = async (id: string): Promise<void> => {
          const point = points.find(
            ({ payload }) => (payload["_vecferry"] as { id: string }).id === id,
          );
          const body = { points: [point?.id], payload: { document: `edited ${id}` } };
          await qdrant.call("POST", `/collections/${target}/points/payload?wait=true`, body);
        };
        for (const id of ["r5", "r6", "r7"]) await edit(id);
        await write("update", {
          ids: ["r5", "r15"],
          documents: ["of the source", "of the source"],
        });
        await write("delete", { ids: ["r6", "r16"] });
        const { status, stderr, ...said } = await migrate("--propagate-deletes");
        expect(status, stderr).toBe(4);
        expect(reportOf({ status, stderr, ...said })).toMatchObject({
          state: "STALE",
          totals: { removed: 1, kept: 1 },
        });
        expect(stderr).toContain("have changed at the source and at the target");
        expect(stderr).toContain("1 were changed there since and stay");
        const { missing, extra, faults } = await verdict();
        expect([missing, extra]).toEqual([[], ["r6"]]);
        expect(faults.map((fault) => fault.slice(0, fault.indexOf(" is"))).sort()).toEqual([
          "r5: document",
          "r7: document",
        ]);
      });

      it("is whole after a pass was killed in its middle", async () => {
        const { place, key, first, migrate, verdict, stop } = await copied(from);
        const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
        const writer = new SourceWriter(chroma, place, key, first, seededRandom(seed));
        for (let change = 0; change < 40; change += 1) await writer.change(null);
        const flags = ["--batch-size", String(batchSize), "--propagate-deletes"];
        stop.env = { VECFERRY_STOP_AT: "after-acknowledge:1" };
        for (let kill = 0; kill < 2; kill += 1) {
          expect((await migrate(...flags)).status, `SEED=${seed}`).toBe(null);
          await writer.change(null);
        }
        stop.env = {};
        const { status, stdout, stderr } = await migrate(...flags);
        expect(status, `SEED=${seed}\n${stdout}${stderr}`).toBe(0);
        expect(await verdict(), `SEED=${seed}`).toMatchObject(faultless);
      });
    });

    it.skipIf(skip)(
      "in the last bits of vectors alone, because a folder's queue was flushed, is no change",
      async () => {
        const place = await newPlace(chroma);
        const small = { "hnsw:batch_size": 50, "hnsw:sync_threshold": 100 };
        const cosine = { "hnsw:space": "cosine", ...small };
        const key = await makeCollection(chroma, place, "changing", cosine);
        const random = seededRandom(7);
        const made = (at: number): FixtureRecord => {
          const vector = Array.from({ length: 32 }, () => Math.fround(random() - 0.5));
          return { ...record(at), vector };
        };
        await addRecords(
          chroma,
          place,
          key,
          Array.from({ length: 60 }, (_, at) => made(at)),
        );
        const ends = [sourceOf("folder", place), qdrant.url];
        const flags = ["--rename", `changing=${qdrant.unique("delta")}`, "--json"];
        const run = (verb: string, ...more: string[]): Promise<Ended> =>
          runCli([verb, ...ends, "--state", join(folder.path, "flushed"), ...more], {
            cwd: folder.path,
            env: qdrant.env,
          });
        expect((await run("migrate", ...flags)).status).toBe(0);
        await addRecords(
          chroma,
          place,
          key,
          Array.from({ length: 200 }, (_, at) => made(60 + at)),
        );
        const { delta, notes } = reportOf(await run("migrate", ...flags));
        expect([delta, notes]).toEqual([{ added: 200, changed: 0, deleted: 0 }, []]);
        const { status, stdout } = await run("verify");
        expect(status, stdout).toBe(0);
        expect(stdout).toMatch(/\d+ vectors came back from the source with other last bits/);
      },
    );

    it.skipIf(skip)(
      "in a folder that was put back from a backup and written to anew is carried whole",
      async () => {
        const { place, key, migrate, verdict, write } = await copied("folder");
        const backup = `${folder.path}-backup`;
        await chroma[Symbol.asyncDispose]();
        await cp(folder.path, backup, { recursive: true });
        const restart = async (): Promise<void> => {
          chroma = await startChroma({ path: folder.path });
        };
        await restart();
        const ids = ["r1", "r2", "r3"];
        await write("update", { ids, documents: ids.map((id) => `${id} before`) });
        await addRecords(chroma, place, key, [{ ...record(1), id: "lost" }]);
        expect((await migrate()).status).toBe(0);
        await chroma[Symbol.asyncDispose]();
        await cp(join(backup, "chroma.sqlite3"), join(folder.path, "chroma.sqlite3"));
        await rm(backup, { recursive: true });
        await restart();
        // As many writes as were lost, and more: the highest number is beyond the one of before.
        const others = ["r4", "r5", "r6", "r7", "r8"];
        await write("update", { ids: others, documents: others.map((id) => `${id} after`) });
        const { status, stderr } = await migrate("--propagate-deletes");
        expect(status, stderr).toBe(0);
        expect(stderr).toContain("bear lower numbers of writes");
        expect(await verdict()).toMatchObject(faultless);
      },
    );
  },
);
