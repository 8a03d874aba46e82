/** The way back for tenants that share one Qdrant collection: each record to the collection that it came from. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/run.ts";
import { askChroma, chromaAddress } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { temporaryFolder } from "../support/cli.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";
import { sceneRecord } from "../support/rollback-scene.ts";

const noChroma = chromaAvailable("1.5.9", true);

describe.skipIf(noChroma).each(qdrantKinds)(
  `two tenants in one collection of the $name${noChroma ? `: ${noChroma}` : ""}`,
  ({ skip, start }) => {
    let chroma: ChromaServer;
    let qdrant: QdrantPlace;
    let folder: ReturnType<typeof temporaryFolder>;
    beforeAll(async () => {
      if (skip) return;
      folder = temporaryFolder();
      mkdirSync(join(folder.path, "chroma"));
      chroma = await startChroma({ path: join(folder.path, "chroma") });
      qdrant = await start();
    });
    afterAll(async () => {
      await qdrant?.[Symbol.asyncDispose]();
      await chroma?.[Symbol.asyncDispose]();
      folder?.[Symbol.dispose]();
    });

    async function run(...args: string[]) {
      const output = new PassThrough();
      const said = text(output);
      const left = ["--state", join(folder.path, "state"), "--log-file", join(folder.path, "log")];
      const exit = await runCli({
        argv: [...args, ...left],
        variables: qdrant.env,
        folder: folder.path,
        stdout: output,
        stderr: output,
        signal: new AbortController().signal,
      });
      output.end();
      return { exit, said: await said };
    }

    it.skipIf(skip)("goes back to each tenant's own", async () => {
      const place = await newPlace(chroma);
      const source = chromaAddress(chroma.url, place);
      const records = Array.from({ length: 10 }, (_, at) => sceneRecord(at));
      const keys = new Map<string, string>();
      for (const name of ["acme-docs", "globex-docs"]) {
        keys.set(name, await makeCollection(chroma, place, name, { "hnsw:space": "cosine" }));
        await addRecords(chroma, place, keys.get(name) ?? "", records);
      }
      const held = async (name: string) => {
        const { ids, documents } = await askChroma(chroma, place, keys.get(name) ?? "");
        return new Map(ids.map((id, row) => [id, documents[row]]));
      };
      const mapping = join(folder.path, "tenants.json");
      writeFileSync(mapping, '{"acme-docs":"acme","globex-docs":"globex"}');
      const target = qdrant.unique("rollback");
      const shape = ["--target-collection", target, "--tenant-mapping", mapping];
      expect((await run("backup", source, `archive:${join(folder.path, "before")}`)).exit).toBe(0);
      expect((await run("migrate", source, qdrant.url, ...shape)).exit).toBe(0);

      const points = `/collections/${target}/points`;
      const acme = { must: [{ key: "tenant_id", match: { value: "acme" } }] };
      const scroll = { limit: 100, filter: acme, with_payload: true };
      const found = await qdrant.call<{
        points: { id: string; payload: { _vecferry: { id: string } } }[];
      }>("POST", `${points}/scroll`, scroll);
      const pointOf = (id: string) =>
        found.points.find(({ payload }) => payload._vecferry.id === id)?.id;
      const payload = { document: "changed for acme" };
      const first = { points: [pointOf("r1")], payload };
      await qdrant.call("POST", `${points}/payload?wait=true`, first);
      await qdrant.call("POST", `${points}/delete?wait=true`, { points: [pointOf("r2")] });
      const id = "0f0e0d0c-0b0a-4908-8706-050403020100";
      const mark = { id: "made", created_at: "2026-11-22T00:00:00.000Z" };
      const fresh = { document: "made", metadata: {}, tenant_id: "globex", _vecferry: mark };
      const { vector } = sceneRecord(50);
      const upsert = { points: [{ id, vector, payload: fresh }] };
      await qdrant.call("PUT", `${points}?wait=true`, upsert);

      const back = await run("rollback", "run", qdrant.url, source, "--propagate-deletes");
      expect(back.exit, back.said).toBe(0);
      const [one, other] = [await held("acme-docs"), await held("globex-docs")];
      expect([one.get("r1"), other.get("r1")]).toEqual(["changed for acme", "Document 1"]);
      expect([one.has("r2"), other.has("r2")]).toEqual([false, true]);
      expect([one.has("made"), other.get("made")]).toEqual([false, "made"]);
      expect([one.size, other.size]).toEqual([9, 11]);
      const verify = await run("verify", qdrant.url, source);
      expect(verify.exit, verify.said).toBe(0);
    });
  },
);
