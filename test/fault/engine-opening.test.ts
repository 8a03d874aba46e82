/** Openings that something stands in the way of. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import * as serving from "../../src/server/serve.ts";
import { startServer } from "../../src/testing/server.ts";
import { programFile } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch-folder.ts";

vi.mock("../../src/server/serve.ts", { spy: true });

it("something among the collections' files that cannot be removed keeps no folder closed", async () => {
  const folder = scratchFolder();
  const first = await openEngine(folder);
  await first.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
  await first.close();
  mkdirSync(join(folder, "collections", "somebody's"));
  const engine = await openEngine(folder);
  expect(await engine.listCollections()).toEqual(["c"]);
  await engine.close();
});

it("a worker that ends before it has said a word is an error, and the folder is free again", async () => {
  const folder = scratchFolder();
  const leave = "import{isMainThread}from'node:worker_threads';if(!isMainThread)process.exit(0)";
  const given = `--import=data:text/javascript,${encodeURIComponent(leave)}`;
  const file = join(scratchFolder(), "open.ts");
  const index = JSON.stringify(new URL("../../src/engine/index.ts", import.meta.url));
  writeFileSync(
    file,
    `import { openEngine } from ${index};
    await openEngine(${JSON.stringify(folder)}).catch((error) => console.log(error.code));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [given, ...programFile(file)]);
  expect(stdout).toBe("E_INTERNAL\n");
  await (await openEngine(folder)).close();
});

it("a test's server frees its folder though the port cannot be closed", async () => {
  const path = scratchFolder();
  const { serve } = await vi.importActual<typeof serving>("../../src/server/serve.ts");
  vi.mocked(serving.serve).mockImplementationOnce(async (engine, options) => {
    const server = await serve(engine, options);
    return {
      ...server,
      close: async () => {
        await server.close();
        throw new Error("The port stays.");
      },
    };
  });
  const server = await startServer({ path });
  await expect(server.close()).rejects.toThrow("The port stays.");
  await (await openEngine(path)).close();
});
