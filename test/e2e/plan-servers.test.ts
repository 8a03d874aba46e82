/** `vecferry plan` of real Chroma servers: what they record of embedding functions, and that a sample is one. */
import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type PlanFile, planFileSchema } from "../../src/migrate/planning/plan-schema.ts";
import { addRecords, makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";

const recorded = {
  openai: {
    embedding_function: {
      type: "known",
      name: "openai",
      config: { model_name: "text-embedding-3-small", api_key_env_var: "MY_OPENAI_KEY" },
    },
  },
  legacy: { embedding_function: { type: "legacy" } },
  nothing: undefined,
};

/** The plan that the built command prints. */
async function planOf(cwd: string, address: string, ...flags: string[]): Promise<PlanFile> {
  const { status, stdout, stderr } = await runCli(["plan", address, "--json", ...flags], { cwd });
  expect(status, stderr).toBe(0);
  return planFileSchema.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").plan);
}

function addressOf(url: string, { tenant, database }: Place): string {
  return `chroma://${url.replace(/^http:\/\//, "")}/${tenant}/${database}`;
}

const record = (id: string, index: number) => ({
  id,
  vector: [index + 1, 1],
  document: `text ${index}`,
  uri: null,
  metadata: `{"n":${index}}`,
});

describe.each<{ version: ChromaVersion; known: boolean }>([
  { version: "1.5.9", known: true },
  { version: "1.0.20", known: true },
  { version: "0.6.3", known: false },
])("the embedding function of Chroma $version", ({ version, known }) => {
  const skip = chromaAvailable(version, true);
  it.skipIf(skip)(
    `is read from the server and from its folder alike${skip ? `: ${skip}` : ""}`,
    async () => {
      using folder = temporaryFolder();
      const path = `${folder.path}/chroma`;
      mkdirSync(path);
      const told: Record<string, unknown>[] = [];
      const statuses = (plan: PlanFile) =>
        Object.fromEntries(
          plan.collections.map(({ source: { name }, embeddingFunction: { status, model } }) => [
            name,
            [status, model],
          ]),
        );
      {
        await using server = await startChroma({ version, path });
        const place = await newPlace(server);
        for (const [name, configuration] of Object.entries(recorded)) {
          const key = await makeCollection(
            server,
            place,
            name,
            null,
            known ? configuration : undefined,
          );
          await addRecords(server, place, key, [record("a", 0), record("b", 1)]);
        }
        const plan = await planOf(folder.path, addressOf(server.url, place));
        told.push(statuses(plan));
        if (known) {
          const openai = plan.collections.find(({ source }) => source.name === "openai");
          expect(openai?.embed?.code).toContain("process.env.MY_OPENAI_KEY");
          expect(openai?.embed?.code).toContain('model: "text-embedding-3-small"');
        }
      }
      told.push(statuses(await planOf(folder.path, path)));
      expect(told[1]).toEqual(told[0]);
      const none = ["not-recorded", null];
      expect(told[0]).toEqual({
        openai: known ? ["known", "text-embedding-3-small"] : none,
        legacy: known ? ["own", null] : none,
        nothing: none,
      });
    },
  );
});

const skip = chromaAvailable();

describe.skipIf(skip)(`a plan of a Chroma server${skip ? `: ${skip}` : ""}`, () => {
  it("is drawn from a sample that it names, and with --full from every record", async () => {
    using folder = temporaryFolder();
    await using server = await startChroma();
    const place = await newPlace(server);
    const key = await makeCollection(server, place, "many");
    const records = Array.from({ length: 3200 }, (_, index) => record(`r${index}`, index));
    await addRecords(server, place, key, records);
    const address = addressOf(server.url, place);
    const sample = await planOf(folder.path, address);
    expect(sample.collections[0]?.survey).toMatchObject({
      records: 3200,
      surveyed: 3000,
      complete: false,
    });
    expect(sample.notes.join()).toContain("--full");
    const full = await planOf(folder.path, address, "--full");
    expect(full.collections[0]?.survey).toMatchObject({
      records: 3200,
      surveyed: 3200,
      complete: true,
      documents: { things: 3200 },
      keys: [{ key: "n", records: 3200, min: 0, max: 3199, types: { integer: 3200 } }],
    });
    const words = await runCli(["plan", address], { cwd: folder.path });
    expect(words.stdout).toContain("about 3,200 records");
    expect(words.stdout).toContain("the first 3,000 records");
  });

  it("of Chroma Cloud asks for no more than its sample, and says what its quotas mean", async () => {
    using folder = temporaryFolder();
    await using server = await startChroma();
    await using scene = await cloudScene(server, cloudRecords(900));
    const env = { CHROMA_API_KEY: cloudKey };
    const args = ["plan", scene.address, "--json", "--sample", "400"];
    const { status, stdout, stderr } = await runCli(args, { cwd: folder.path, env });
    expect(status, stderr).toBe(0);
    const plan = planFileSchema.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").plan);
    expect(plan.collections[0]?.survey).toMatchObject({ records: 900, surveyed: 400 });
    // Two pages of ids and two of records; what finds out the distance besides.
    expect(scene.cloud.gets.length).toBeLessThan(9);
    expect(plan.notes.join()).toContain("300 records a request");
    expect(plan.estimate.readRequests).toBe(9);
    expect(stdout + stderr).not.toContain(cloudKey);
  });
});
