/** Verbs with nothing to work on, and folders and ports that another process has. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCli, temporaryFolder } from "../support/cli.ts";
import { fileList } from "../support/fixtures.ts";
import { makeFolder } from "../support/make-folder.ts";
import { expectRefusal, runKeyed } from "../support/refusal.ts";

describe("verbs with nothing to work on", () => {
  it.each<[string, string[], string, string]>([
    ["verify", ["verify"], "No source is named", "Name the source, or run `vecferry migrate`"],
    ["verify --target-only", ["verify", "--target-only"], "No target is named", "Name the target"],
    [
      "verify against a folder that was never written",
      ["verify", "./c", "embedded:q"],
      "There is no embedded Qdrant in",
      "run `vecferry migrate SOURCE TARGET` first",
    ],
    ["repair", ["repair"], "No source is named", "Name the source"],
    ["cancel", ["cancel"], "has no migration that could be cancelled", "--state DIR"],
    [
      "cancel at a folder that was never written",
      ["cancel", "embedded:q"],
      "There is no embedded Qdrant in",
      "run `vecferry migrate SOURCE TARGET` first",
    ],
    ["cancel without a journal", ["cancel", ":memory:"], "has no migration to", "--state DIR"],
    ["status", ["status"], "There is no journal", "--state DIR"],
    ["report", ["report"], "There is no journal", "--state DIR"],
  ])("%s: E_NO_MIGRATION, and nothing is made", async (_, args, says, remedy) => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "c"), { records: 5, dimension: 2 });
    const before = fileList(folder.path);
    const ended = await runKeyed(args, folder.path);
    expectRefusal(ended, { exit: 2, code: "E_NO_MIGRATION", says, remedy });
    // The same command again would find as little.
    expect(ended.stderr).toMatch(/To go on: {6}vecferry migrate \S+ \S+$/m);
    const after = fileList(folder.path).filter((line) => !line.startsWith("migration_"));
    expect(after).toEqual(before);
  });
});

describe("what another process has", () => {
  it("a folder in use names the process; a port that is taken, what to give instead", async () => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "c"), { records: 5, dimension: 2 });
    const server = startCli(["serve", "q", "--port", "0"], { cwd: folder.path });
    const [, port = ""] = await server.until(/127\.0\.0\.1:(\d+)/);
    const locked = {
      exit: 5,
      code: "E_LOCKED",
      says: `Process ${server.child.pid} is already at work on the folder`,
      remedy: "Wait until the other run has ended, or stop it with Ctrl-C",
    };
    for (const args of [
      ["serve", "q", "--port", "0"],
      ["migrate", "./c", "embedded:q"],
    ])
      expectRefusal(await runKeyed(args, folder.path), locked);
    expectRefusal(await runKeyed(["serve", ":memory:", "--port", port], folder.path), {
      exit: 2,
      code: "E_CONFIG",
      says: `The address 127.0.0.1:${port} cannot be taken`,
      remedy: "Give another --port",
    });
    server.child.kill("SIGTERM");
    expect((await server.ended).status).toBe(0);
    const mended = await runKeyed(["migrate", "./c", "embedded:q"], folder.path);
    expect(mended).toMatchObject({ status: 0, stderr: "" });
  });
});
