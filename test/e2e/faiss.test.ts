/** FAISS files as an end of the command: carried there, proven, kept in an archive, and taken out of it again. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { recordedAnswers } from "../support/fixtures.ts";

/** The lines of a collection, sorted. */
function linesIn(folder: string, name: string): string[] {
  const files = readdirSync(join(folder, name)).filter((file) => file.endsWith(".jsonl"));
  return readFileSync(join(folder, name, files[0] ?? ""), "utf8")
    .split("\n")
    .sort();
}

describe("FAISS files", () => {
  it("take a migration, are verified, go into an archive and come out of it the same", async () => {
    using folder = temporaryFolder();
    const { path: cwd } = folder;
    const source = join(cwd, "chroma");
    mkdirSync(source);
    unpackChroma("1.5.9", source);
    const run = async (...args: string[]): Promise<string> => {
      const { status, stderr, stdout } = await runCli(args, { cwd });
      expect(status, `${args.join(" ")}: ${stderr}`).toBeOneOf([0, 3]);
      return stdout + stderr;
    };
    const scope = `${source}?tenant=default_tenant&database=default_database`;
    expect(await run("plan", scope, "faiss:./new")).toContain("Nothing was written");
    expect(readdirSync(cwd)).not.toContain("new");
    await run("migrate", scope, "faiss:./vectors");
    await run("verify", scope, "faiss:./vectors");
    await run("doctor", scope, "faiss:./vectors");
    await run("backup", "faiss:./vectors", "archive:./kept");
    await run("restore", "archive:./kept", "faiss:./again");
    await run("restore", "archive:./kept", "embedded:./qdrant");
    await run("backup", "embedded:./qdrant", "archive:./kept-qdrant");
    await run("restore", "archive:./kept-qdrant", "faiss:./from-qdrant");
    const names = readdirSync(join(cwd, "vectors")).filter((name) => !name.startsWith("."));
    const recorded = recordedAnswers("1.5.9").filter(
      ({ tenant, database, ids }) =>
        tenant === "default_tenant" && database === "default_database" && ids.length > 0,
    );
    expect(names).toEqual(expect.arrayContaining(recorded.map(({ name }) => name)));
    for (const name of names) {
      const lines = linesIn(join(cwd, "vectors"), name);
      expect(linesIn(join(cwd, "again"), name)).toEqual(lines);
      expect(linesIn(join(cwd, "from-qdrant"), name)).toEqual(lines);
    }
  }, 120_000);
});
