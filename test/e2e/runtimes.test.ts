/** docs/runtimes.md: the command as built, in runtimes that are no Node. Each is taken where its path is given. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { cleanEnvironment, mainFile, temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";

const run = promisify(execFile);
const bun = process.env["VECFERRY_BUN"] ?? "";
const deno = process.env["VECFERRY_DENO"] ?? "";

/** What the page says of each: Deno has no thread that the embedded Qdrant could run in. */
const runtimes = [
  { name: "Node", program: process.execPath, before: [], embedded: true },
  { name: "Bun", program: bun, before: [], embedded: true },
  { name: "Deno", program: deno, before: ["run", "-A"], embedded: false },
];

const smoke = `
import { openEmbedded } from ${JSON.stringify(pathToFileURL(join(projectRoot, "dist/index.js")))};
const qdrant = await openEmbedded("./data");
await qdrant.client.createCollection("notes", { vectors: { size: 2, distance: "Cosine" } });
await qdrant.client.upsert("notes", { wait: true, points: [{ id: 1, vector: [1, 0] }] });
console.log((await qdrant.client.query("notes", { query: [1, 0] })).points.length);
await qdrant.close();
`;

describe.each(runtimes)("$name", ({ name, program, before, embedded }) => {
  const why = program === "" ? ` (VECFERRY_${name.toUpperCase()} is not set)` : "";

  it.skipIf(program === "")(`migrates a folder to a server${why}`, async () => {
    using folder = temporaryFolder();
    const chroma = join(folder.path, "chroma_data");
    mkdirSync(chroma);
    await run("tar", ["-xzf", join(projectRoot, "examples/chroma.tar.gz"), "-C", chroma]);
    await using server = await startServer();
    const args = [...before, mainFile, "migrate", "./chroma_data", server.url];
    const env = cleanEnvironment();
    await expect(run(program, args, { cwd: folder.path, env })).resolves.toBeDefined();
  });

  it.skipIf(program === "" || !embedded)(`opens the embedded Qdrant${why}`, async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "smoke.mjs");
    writeFileSync(file, smoke);
    const { stdout } = await run(program, [...before, file], {
      cwd: folder.path,
      env: cleanEnvironment(),
    });
    expect(stdout.trim()).toBe("1");
  });
});
