/** docs/runtimes.md: AWS Lambda. Its interface is stood in for (test/support/lambda.ts); nothing here runs at AWS. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import { memoryMb, startLambda } from "../support/lambda.ts";
import { bytesBelow, unpackPackage } from "../support/packed.ts";
import { scan, scanFunction, scanHelpers } from "../support/scan-app.ts";

/** AWS's bound for a function's code and layers, unpacked. */
const codeBytesMax = 250 * 1024 * 1024;
const realUrl = process.env["QDRANT_URL"] ?? "";
const why = realUrl === "" ? " (QDRANT_URL is not set)" : "";

/** As an application would write it: one connection outside of the handler, made by the first call. */
const index = `
import { connect } from "vecferry";
${scanFunction}

let opening;
const embed = async (texts) => texts.map((text) => [text.length, 1]);

async function ask({ config, collection }) {
  opening ??= connect({ ...config, embed, model: "lengths" });
  const connection = await opening;
  const notes = connection.tenant("acme", { collection });
  await connection.repository.createCollectionOptimized({
    name: collection, vectorSize: 2,
  });
  const before = await notes.count();
  await notes.addDocuments([{ id: "call " + before, content: "on looms" }]);
  const found = await notes.semanticSearch({ query: "on engines", nResults: 5 });
  return { choice: connection.choice, before, found: found.length };
}

async function scanned(event) {
  const found = await scan(event);
  return { ...found, rssMb: process.resourceUsage().maxRSS / 1024 };
}

async function refuse({ path }) {
  const { code, message, next } = await openEmbedded(path).catch((error) => error);
  return { code, message, next };
}

export const handler = (event) => ({ ask, scanned, refuse })[event.call](event);
`;

describe.skipIf(process.platform !== "linux")("AWS Lambda, stood in for", () => {
  let folder = "";
  let task = "";
  let scratch = "";

  beforeAll(async () => {
    folder = mkdtempSync("/tmp/vecferry-lambda-");
    chmodSync(folder, 0o755);
    task = join(folder, "task");
    scratch = join(folder, "scratch");
    for (const path of [task, scratch]) mkdirSync(path);
    await unpackPackage(task, ["@qdrant/js-client-rest"]);
    writeFileSync(join(task, "index.mjs"), index);
    await (await openEngine(join(task, "shipped"))).close();
    chmodSync(join(task, "shipped"), 0o555);
  });
  afterAll(() => {
    chmodSync(task, 0o755);
    chmodSync(join(task, "shipped"), 0o755);
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes a package of less than AWS's bound", () => {
    expect(bytesBelow(task)).toBeLessThan(codeBytesMax / 10);
  });

  it("keeps an embedded Qdrant in memory from one invocation to the next", async () => {
    await using lambda = await startLambda(task, scratch, {});
    const ask = { call: "ask", collection: "notes", config: { url: ":memory:" } };
    expect(await lambda.invoke(ask)).toMatchObject({ before: 0, found: 1 });
    await frozen(lambda);
    expect(await lambda.invoke(ask)).toMatchObject({ before: 1, found: 2 });
  });

  it("keeps one in /tmp, which a process that follows a killed one opens", async () => {
    const variables = { VECTOR_DB_TYPE: "embedded", VECTOR_DB_PATH: join(scratch, "data") };
    const ask = { call: "ask", collection: "notes", config: {} };
    {
      await using lambda = await startLambda(task, scratch, variables);
      expect(await lambda.invoke(ask)).toMatchObject({ before: 0, found: 1 });
      await frozen(lambda);
      expect(await lambda.invoke(ask)).toMatchObject({ before: 1, found: 2 });
    }
    await using lambda = await startLambda(task, scratch, variables);
    expect(await lambda.invoke(ask)).toMatchObject({ before: 2, found: 3 });
  });

  it(`searches by threads and SIMD within ${memoryMb} MB`, async () => {
    await using lambda = await startLambda(task, scratch, {});
    const answer = await lambda.invoke({ call: "scanned", ...scan });
    const { nearest, helpers, rssMb } = answer as Record<"nearest" | "helpers" | "rssMb", number>;
    expect(nearest).toBe(scan.nearest);
    expect(helpers).toBeGreaterThanOrEqual(scanHelpers);
    expect(rssMb).toBeLessThan(memoryMb);
  });

  it("falls back to memory where nothing is configured, and says so", async () => {
    // Without the type, a server that happens to answer on 6333 would be taken.
    await using lambda = await startLambda(task, scratch, { VECTOR_DB_TYPE: "embedded" });
    const ask = { call: "ask", collection: "notes", config: {} };
    expect(await lambda.invoke(ask)).toMatchObject({
      choice: expect.stringMatching(
        /in memory, which keeps nothing \(the default folder cannot be made/,
      ),
      found: 1,
    });
  });

  it.for(["qdrant_data", "shipped"])("refuses the read-only ./%s", async (path) => {
    await using lambda = await startLambda(task, scratch, {});
    expect(await lambda.invoke({ call: "refuse", path: `./${path}` })).toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("EACCES: permission denied"),
      next: expect.stringContaining("a folder that this process may write to"),
    });
  });

  it("asks a server, and asks it again after it has begun anew meanwhile", async () => {
    const engine = await openEngine(":memory:");
    const first = await serve(engine, { port: 0, grpcPort: null });
    await using lambda = await startLambda(task, scratch, { QDRANT_URL: first.url });
    const ask = { call: "ask", collection: "notes", config: {} };
    expect(await lambda.invoke(ask)).toMatchObject({ before: 0, found: 1 });
    lambda.freeze();
    await first.close();
    const second = await serve(engine, { port: first.port, grpcPort: null });
    lambda.thaw();
    expect(await lambda.invoke(ask)).toMatchObject({ before: 1, found: 2 });
    await second.close();
    await engine.close();
  });

  it.skipIf(realUrl === "")(`asks a real Qdrant${why}`, async () => {
    const apiKey = process.env["QDRANT_API_KEY"];
    await using lambda = await startLambda(task, scratch, {
      QDRANT_URL: realUrl,
      ...(apiKey ? { QDRANT_API_KEY: apiKey } : {}),
    });
    const collection = `lambda-${process.pid}`;
    const ask = { call: "ask", collection, config: {} };
    try {
      expect(await lambda.invoke(ask)).toMatchObject({ before: 0, found: 1 });
      await frozen(lambda);
      expect(await lambda.invoke(ask)).toMatchObject({ before: 1, found: 2 });
    } finally {
      await fetch(`${realUrl}/collections/${collection}`, {
        method: "DELETE",
        headers: apiKey ? { "api-key": apiKey } : {},
      });
    }
  });
});

async function frozen(lambda: { freeze(): void; thaw(): void }): Promise<void> {
  lambda.freeze();
  await new Promise((settle) => setTimeout(settle, 500));
  lambda.thaw();
}
