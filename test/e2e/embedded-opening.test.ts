/** What an application's event loop has to bear when it opens the embedded Qdrant of the built package. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";

const index = pathToFileURL(join(projectRoot, "dist/index.js")).href;

/** Says of each file that opening loads in which turn of the event loop that began. */
const program = `
import { registerHooks } from "node:module";
import { openEmbedded } from ${JSON.stringify(index)};
let turn = 0;
const count = () => { turn += 1; counting = setImmediate(count); };
let counting = setImmediate(count);
const loaded = {};
registerHooks({
  load(url, context, next) {
    loaded[url] = turn;
    return next(url, context);
  },
});
const embedded = await openEmbedded(":memory:");
await embedded.close();
clearImmediate(counting);
console.log(JSON.stringify(loaded));
`;

// What is loaded by one import() is loaded in one turn: some 25 ms for all of it.
it("opening loads its server in several turns of the event loop", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "app.mjs");
  writeFileSync(file, program);
  const stdout = execFileSync(process.execPath, [file], { encoding: "utf8" });
  const loaded = Object.entries<number>(JSON.parse(stdout));
  const turnOf = (part: string) => loaded.find(([url]) => url.includes(part))?.[1];
  const turns = ["/hono/dist/index.js", "/dist/server/index.js", "/dist/embedded/client.js"].map(
    turnOf,
  );
  expect(turns).not.toContain(undefined);
  expect(new Set(turns).size).toBe(3);
});
