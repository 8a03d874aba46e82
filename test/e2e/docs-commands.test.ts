/** The commands of the pages that lead through a migration, run in their order by the command as built. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { commandsOf } from "../support/doc-commands.ts";
import { projectRoot } from "../support/files.ts";

/** Not run here: what serves until it is stopped, and what needs a Chroma server. test/tidy/commands.test.ts parses these too. */
const elsewhere = /^(serve|ui)\b|chromas?:\/\/|chroma-cloud:/;
const qdrant = "http://localhost:6333";
const tenants = { debian_admin: "admin", debian_games: "games", debian_science: "science" };

/** README.md's migration with tenants is another beginning, not the next step of the first one. */
function envOf(text: string): Record<string, string> {
  return /^migrate .*--tenant-mapping/.test(text) ? { VECFERRY_STATE: "./of-tenants" } : {};
}

describe("as they stand there, one after another, in one folder", () => {
  it.each([
    ["README.md", 6],
    ["docs/migrate.md", 14],
    ["docs/agent.md", 7],
  ])("the commands of %s end with 0", async (page, least) => {
    using folder = temporaryFolder();
    const chroma = join(folder.path, "chroma_data");
    mkdirSync(chroma);
    execFileSync("tar", ["-xzf", join(projectRoot, "examples/chroma.tar.gz"), "-C", chroma]);
    if (page === "README.md") {
      writeFileSync(join(folder.path, "tenants.json"), JSON.stringify(tenants));
    }
    await using server = await startServer();
    const commands = commandsOf(page).filter(({ text, whole }) => whole && !elsewhere.test(text));
    expect(commands.length).toBeGreaterThanOrEqual(least);
    for (const { text, args } of commands) {
      const own = args.map((word) => (word === qdrant ? server.url : word));
      const { status, stdout, stderr } = await runCli(own, { cwd: folder.path, env: envOf(text) });
      expect({ text, status, said: status === 0 ? "" : stdout + stderr }).toMatchObject({
        text,
        status: 0,
        said: "",
      });
    }
  });
});
