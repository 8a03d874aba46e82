/** Openings that something stands in the way of. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import * as serving from "../../src/server/serve.ts";
import { startServer } from "../../src/testing/server.ts";
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
  process.execArgv.push(given);
  try {
    await expect(openEngine(folder)).rejects.toMatchObject({ code: "E_INTERNAL" });
  } finally {
    process.execArgv.splice(process.execArgv.indexOf(given), 1);
  }
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
