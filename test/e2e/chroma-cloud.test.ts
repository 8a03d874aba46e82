/** Out of Chroma Cloud with the built command: its stand-in keeps the quotas, a real local server holds the records. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate, noCertificate } from "../support/certificate.ts";
import { askChroma, faultless } from "../support/chroma-answers.ts";
import { collectionsUrl } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { type CloudScene, cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";
import { sparseHere, sparseVector, tooMany } from "../support/cloud-stand-in.ts";
import { type Answers, judge, readAnswers } from "../support/judge.ts";

const reason = chromaAvailable();
const env = { CHROMA_API_KEY: cloudKey };
const records = cloudRecords(1300).map((record, n) =>
  n === 700 ? { ...record, metadata: `{"text":"beside","sparse":"${sparseHere}"}` } : record,
);

/** The answers with the sparse vector where the Cloud would have it. */
function withSparse(answers: Answers): Answers {
  const sparse = readAnswers(`{"it":{"ids":["a"],"metadatas":[{"sparse":${sparseVector}}]}}`);
  const [held = null] = sparse.get("it")?.metadatas ?? [];
  const value =
    held !== null && typeof held === "object" && "sparse" in held ? held["sparse"] : null;
  const metadatas = answers.metadatas.map((metadata) =>
    metadata !== null &&
    typeof metadata === "object" &&
    "sparse" in metadata &&
    metadata["sparse"] === sparseHere
      ? { ...metadata, sparse: value }
      : metadata,
  );
  return { ...answers, metadatas };
}

/** Everything that a run left in its folder, as one text. */
function everythingIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"))
    .join("\n");
}

/** What stands in the embedded folder, compared with what the server behind the stand-in answers. */
async function judged(server: ChromaServer, { place, key }: CloudScene, cwd: string) {
  const answers = withSparse(await askChroma(server, place, key));
  const serve = startCli(["serve", "q", "--port", "0"], { cwd });
  try {
    const [, port = ""] = await serve.until(/127\.0\.0\.1:(\d+)/);
    return await judge({ url: `http://127.0.0.1:${port}` }, "records", answers, { cosine: true });
  } finally {
    serve.child.kill("SIGTERM");
    await serve.ended;
  }
}

describe.skipIf(reason !== null)(
  `vecferry migrate of Chroma Cloud${reason === null ? "" : ` (skipped: ${reason})`}`,
  () => {
    let server: ChromaServer;
    beforeAll(async () => {
      server = await startChroma();
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    it("carries and verifies everything within the quotas, sparse vectors as JSON, and goes on", async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`seed ${seed}`);
      // By chance alone a run may meet no 429.
      const refusals = [tooMany];
      const beforeGet = () => refusals.pop();
      const rules = { busy: 0.1, unavailable: 0.05, shortPage: 0.3, beforeGet };
      await using scene = await cloudScene(server, records, { rules, seed });
      using folder = temporaryFolder();
      const cwd = folder.path;

      const first = await runCli(["migrate", scene.address, "embedded:q", "--json"], { cwd, env });
      expect(first.status, first.stdout + first.stderr).toBe(0);
      const end = JSON.parse(first.stdout.trimEnd().split("\n").at(-1) ?? "");
      const { tenant, database } = scene.place;
      expect(end.report).toMatchObject({
        state: "VERIFIED",
        totals: { carried: 1300 },
        source: { kind: "chroma-cloud", address: scene.cloud.url, tenant, database },
      });
      const verdict = await judged(server, scene, cwd);
      expect(verdict).toMatchObject(faultless);
      expect(verdict.components).toBe(3900);

      expect(scene.cloud.inFlightMax()).toBeLessThanOrEqual(8);
      expect(scene.cloud.statuses.get(429)).toBeGreaterThan(0);
      expect(scene.cloud.statuses.get(422)).toBeUndefined();
      expect(scene.cloud.statuses.get(500)).toBeUndefined();

      // What the address leaves out the key says: it is the same migration.
      const short = `chroma-cloud://?host=${scene.cloud.url}`;
      const again = await runCli(["migrate", short, "embedded:q", "--json"], { cwd, env });
      expect(again.status, again.stderr).toBe(0);
      const next = JSON.parse(again.stdout.trimEnd().split("\n").at(-1) ?? "");
      expect(next.report.totals.carried).toBe(0);
      expect(next.report.source).toEqual(end.report.source);
      const theirs = { ...env, CHROMA_TENANT: tenant, CHROMA_DATABASE: database };
      const verify = await runCli(["verify"], { cwd, env: theirs });
      expect(verify.status, verify.stdout + verify.stderr).toBe(0);
      const status = await runCli(["status"], { cwd });
      expect(status.stdout).toContain(`chroma-cloud://${tenant}/${database}?host=`);
      expect(status.stdout.match(/^State: /gm)).toHaveLength(1);

      const told = [first, again, verify, status].map(({ stdout, stderr }) => stdout + stderr);
      expect(told.join("\n") + everythingIn(cwd)).not.toContain(cloudKey);
    });

    it("carries what deletes between two pages made the first listing skip", async () => {
      await using scene = await cloudScene(server, records);
      const { cloud, place, key } = scene;
      const gone = records.slice(0, 30).map(({ id }) => id);
      let done = false;
      cloud.rules.beforeGet = async ({ ids, offset }) => {
        if (done || ids !== undefined || offset !== 300) return undefined;
        done = true;
        await fetch(collectionsUrl(server, place, `/${key}/delete`), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ids: gone }),
        });
        return undefined;
      };
      using folder = temporaryFolder();
      const cwd = folder.path;
      const run = await runCli(["migrate", scene.address, "embedded:q"], { cwd, env });
      expect(run.status, run.stdout + run.stderr).toBe(0);
      expect(run.stdout).toContain("appeared at the source during the copy");
      expect(await judged(server, scene, cwd)).toMatchObject(faultless);
    });

    it.each<[string, Record<string, string>, string, string]>([
      ["no key", {}, "E_CONFIG", "CHROMA_API_KEY"],
      ["somebody's key", { CHROMA_API_KEY: "ck-unknown-key" }, "E_AUTH", "CHROMA_API_KEY"],
      ["another tenant's key", { CHROMA_API_KEY: "ck-others-key" }, "E_AUTH", "for tenant"],
    ])("does nothing with %s", async (_name, given, code, words) => {
      await using scene = await cloudScene(server, records.slice(0, 3), {
        others: [{ key: "ck-others-key", tenant: "another", databases: ["*"] }],
      });
      using folder = temporaryFolder();
      const cwd = folder.path;
      const run = await runCli(["migrate", scene.address, "embedded:q"], { cwd, env: given });
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(code);
      expect(run.stderr).toContain(words);
      expect(existsSync(join(cwd, "q"))).toBe(false);
      expect(existsSync(join(cwd, ".vecferry"))).toBe(false);
      expect(scene.cloud.gets).toEqual([]);
      for (const key of Object.values(given))
        expect(run.stdout + run.stderr + everythingIn(cwd)).not.toContain(key);
    });

    it.skipIf(noCertificate !== null)(
      `trusts a host of one's own by the file of its authority${noCertificate === null ? "" : ` (skipped: ${noCertificate})`}`,
      async () => {
        using tls = makeCertificate();
        await using scene = await cloudScene(server, records.slice(0, 20), { tls });
        using folder = temporaryFolder();
        const { tenant, database } = scene.place;
        const host = new URL(scene.cloud.url).host;
        const args = ["migrate", `chroma-cloud://${tenant}/${database}?host=${host}`, "embedded:q"];
        const blind = await runCli(args, { cwd: folder.path, env });
        expect([blind.status, existsSync(join(folder.path, "q"))]).toEqual([5, false]);
        const trusting = [...args, "--chromadb-ca-file", tls.caFile];
        const run = await runCli(trusting, { cwd: folder.path, env });
        expect(run.status, run.stderr).toBe(0);
      },
    );

    it("lists the databases where the key is for several", async () => {
      await using scene = await cloudScene(server, [], { databases: ["*"] });
      using folder = temporaryFolder();
      const address = `chroma-cloud://${scene.place.tenant}?host=${scene.cloud.url}`;
      const run = await runCli(["migrate", address, ":memory:"], { cwd: folder.path, env });
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(`has "${scene.place.database}"`);
      const named = { ...env, CHROMA_DATABASE: scene.place.database };
      const dry = ["migrate", address, ":memory:", "--dry-run"];
      expect((await runCli(dry, { cwd: folder.path, env: named })).status).toBe(0);
    });
  },
);
