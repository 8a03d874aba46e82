/** `vecferry check --drill`: an archive proven by a restore that nobody notices. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { runCli, startCli, temporaryFolder, unpackChroma } from "../support/cli.ts";

/** A world whose temporary files are in a folder of their own. */
function world(folder: string) {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  return { options: { cwd: folder, env: { TMPDIR: temporary } }, temporary };
}

describe("vecferry check --drill", () => {
  it("restores a Chroma's archive, compares, searches, and leaves nothing", async () => {
    using folder = temporaryFolder();
    const { options, temporary } = world(folder.path);
    mkdirSync(join(folder.path, "chroma"));
    const source = `${unpackChroma("1.5.9", join(folder.path, "chroma"))}?tenant=default_tenant`;
    await runCli(["backup", source, "archive:kept", "--log-file", "backup.log"], options);
    const before = readdirSync(folder.path, { recursive: true });

    const drilled = await runCli(["check", "archive:kept", "--drill", "--json"], options);
    const lines = drilled.stdout.trim().split("\n");
    const { drill } = JSON.parse(lines.at(-1) ?? "");
    expect({ exit: drill.exit, status: drilled.status }).toEqual({ exit: 0, status: 0 });
    expect(drill.report.verify).toMatchObject({ differences: 0 });
    expect(drill.searched.length).toBeGreaterThan(3);
    for (const { points, searches, faults } of drill.searched)
      expect({ searched: searches > 0, faults }).toEqual({ searched: points > 0, faults: [] });
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(folder.path, { recursive: true })).toEqual(before);

    const parts = readdirSync(join(folder.path, "kept"), { recursive: true, encoding: "utf8" });
    const part = join(folder.path, "kept", parts.find((name) => name.endsWith(".parquet")) ?? "");
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    const damaged = await runCli(["check", "archive:kept", "--drill"], options);
    expect(damaged.status).toBe(1);
    expect(damaged.stdout).not.toContain("Drill:");
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("of a Qdrant's archive restores its points; interrupted, it leaves nothing", async () => {
    using folder = temporaryFolder();
    const { options, temporary } = world(folder.path);
    const engine = await openEngine(join(folder.path, "data"));
    await engine.createCollection("docs", { vectors: { size: 2, distance: "Dot" } });
    const count = 20_000;
    const data = Float32Array.from({ length: 2 * count }, (_, at) => Math.sin(at));
    const ids = Array.from({ length: count }, (_, id) => String(id));
    const vectors = new Map([["", { kind: "dense" as const, dimension: 2, data, present: null }]]);
    await engine.upsert("docs", { ids, vectors, payloads: ids.map((id) => `{"id":${id}}`) });
    await engine.close();
    await runCli(["backup", "embedded:data", "archive:kept", "--log-file", "backup.log"], options);
    const drilled = await runCli(["check", "archive:kept", "--drill"], options);
    expect(drilled).toMatchObject({ status: 0, stderr: "" });
    expect(drilled.stdout).toContain("Drill: 20,000 records restored and compared");

    const stopped = startCli(["check", "archive:kept", "--drill", "--json"], options);
    await stopped.until(/"phase":"copy"/);
    stopped.child.kill("SIGINT");
    expect((await stopped.ended).status).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
