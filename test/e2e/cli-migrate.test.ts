import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { runCli, startCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { startStub } from "../support/stub.ts";
import { stubCollections, stubRecords } from "../support/stub-scene.ts";

const logPattern = /^migration_\d{8}T\d{6}Z\.log$/;

/** Takes a tenant's collections out of a folder, so that no two are left of one name. */
function dropTenant(folder: string, tenant: string): void {
  using database = new DatabaseSync(join(folder, "chroma.sqlite3"));
  const databases = "select id from databases where tenant_id = ?";
  database.prepare(`delete from collections where database_id in (${databases})`).run(tenant);
}

describe("vecferry migrate of a folder", () => {
  it("rehearses, copies, verifies, goes on, and says where everything is", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const chroma = [
      "migrate",
      `${unpackChroma("1.5.9", cwd)}?tenant=default_tenant`,
      "embedded:./q",
    ];

    const plan = await runCli([...chroma, "--dry-run"], { cwd });
    expect(plan.stdout).toMatch(/squares -> squares \(\d+ × l2 \(by \w+\), layout vecferry/);
    expect([plan.status, plan.stderr]).toEqual([0, ""]);
    expect(existsSync(join(cwd, ".vecferry"))).toBe(false);
    expect(existsSync(join(cwd, "q"))).toBe(false);

    const first = await runCli([...chroma, "--report-file", "r.json"], { cwd });
    expect(first).toMatchObject({ status: 0, stderr: "" });
    const lines = first.stdout.trimEnd().split("\n");
    const files = lines.slice(-3).map((line) => /^(\w+): +(.+)$/.exec(line)?.slice(1) ?? []);
    expect(files.map(([name]) => name)).toEqual(["Journal", "Log", "Report"]);
    for (const [, path = ""] of files) {
      expect(existsSync(path)).toBe(true);
      if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(readdirSync(cwd).filter((name) => logPattern.test(name))).toHaveLength(1);
    const report = reportSchema.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")));
    expect(report).toMatchObject({ command: "migrate", exit: 0, state: "VERIFIED" });

    const again = await runCli([...chroma, "--json"], { cwd });
    expect(again.status).toBe(0);
    const ends = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .at(-1);
    expect(ends).toMatchObject({ format: 1, type: "result", exit: 0 });
    expect(ends.report.totals.carried).toBe(0);

    const status = await runCli(["status"], { cwd });
    expect(status.stdout).toMatch(/^State: +VERIFIED$/m);
    const verify = await runCli(["verify", "--combined", "all.txt"], { cwd });
    expect(verify).toMatchObject({ status: 0, stderr: "" });
    const sigils = new Set(readFileSync(join(cwd, "all.txt"), "utf8").match(/^./gm));
    expect([...sigils]).toEqual(["="]);

    const dry = await runCli(["cancel", "--dry-run"], { cwd });
    expect(dry.stdout).toContain("would lose");
    expect((await runCli(["verify", "--target-only"], { cwd })).status).toBe(0);
    const cancel = await runCli(["cancel"], { cwd });
    expect(cancel.stdout).toContain("Its state is CANCELLED.");
    expect(cancel.status).toBe(0);
  });

  it("names what it does not know: status and cancel without a journal exit 2", async () => {
    using folder = temporaryFolder();
    for (const args of [["status"], ["cancel", ":memory:"]]) {
      const { status, stderr } = await runCli(args, { cwd: folder.path });
      expect(stderr).toContain("E_NO_MIGRATION");
      expect(status).toBe(2);
    }
  });
});

describe("the commands that users have written down", () => {
  it("run as they stand, one after the other", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const names = ["digi_core_knowledge", "lernmi_knowledge"];
    const others = ["remaining_collection_1", "remaining_collection_2"];
    const scene = new Map([...names, ...others].map((name) => [name, stubRecords(name, 30, 384)]));
    await using early = await startStub(
      stubCollections(new Map([["early_knowledge", stubRecords("early", 30, 384)]])),
    );
    await using late = await startStub(stubCollections(scene));
    const server = startCli(["serve", "served", "--port", "0", "--api-key", "KEY"], { cwd });
    const [, port = ""] = await server.until(/127\.0\.0\.1:(\d+)/);
    mkdirSync(join(cwd, "chroma_data"));
    dropTenant(unpackChroma("1.5.9", join(cwd, "chroma_data")), "acme");

    const all = Object.fromEntries([...names, ...others].map((name) => [name, `of ${name}`]));
    const write = (mapping: object): void =>
      writeFileSync(join(cwd, "tenant_mapping.json"), `# tenants\n${JSON.stringify(mapping)}`);
    const run = (line: string) => {
      // The ports that the commands name may be taken on this machine, so they are exchanged; nothing else is.
      const words = line
        .replace(" 8001 ", ` ${new URL(early.url).port} `)
        .replace(" 6333 ", ` ${port} `);
      const env = {
        CHROMA_HOST: "127.0.0.1",
        CHROMA_PORT: new URL(late.url).port,
        QDRANT_HOST: "127.0.0.1",
        QDRANT_PORT: port,
        QDRANT_API_KEY: "KEY",
      };
      return runCli(words.split(" ").slice(1), { cwd, env });
    };

    write({ early_knowledge: "early" });
    const first = await run(
      "vecferry migrate --chromadb-host localhost --chromadb-port 8001 --qdrant-host localhost --qdrant-port 6333 --qdrant-api-key KEY --target-collection digi_knowledge --batch-size 1000 --tenant-mapping tenant_mapping.json --enable-quantization --report-file migration_report.json",
    );
    expect(first.stderr).toMatch(
      /^Warning: The process list shows what --qdrant-api-key gives.*\n$/,
    );
    expect(first.status).toBe(0);
    const report = JSON.parse(readFileSync(join(cwd, "migration_report.json"), "utf8"));
    expect(report.totals.carried).toBe(30);
    expect(first.stdout).toContain("may still be indexing");

    write(all);
    const second = await run(
      "vecferry migrate --chromadb-collections digi_core_knowledge lernmi_knowledge --target-collection digi_knowledge --tenant-mapping tenant_mapping.json --batch-size 500 --vector-size 384 --distance-metric cosine",
    );
    expect(second).toMatchObject({ status: 0, stderr: "" });
    const third = await run(
      "vecferry migrate --chromadb-collections remaining_collection_1 remaining_collection_2 --target-collection digi_knowledge",
    );
    expect(third).toMatchObject({ status: 0, stderr: "" });
    const fourth = await run("vecferry verify --source-chromadb --target-qdrant --fix-missing");
    expect(fourth).toMatchObject({ status: 0, stderr: "" });
    const fifth = await run("vecferry migrate ./chroma_data embedded:./qdrant_data");
    expect(fifth).toMatchObject({ status: 0, stderr: "" });
    server.child.kill("SIGTERM");
    await server.ended;
  });
});

describe("a migration that is interrupted", () => {
  it("saves a checkpoint, exits 130, says how to go on, and goes on", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const usual = stubCollections(new Map([["slow", stubRecords("slow", 3_000, 8)]]));
    let slow = true;
    await using chroma = await startStub(async (request, response) => {
      if (slow && request.path.endsWith("/get")) await new Promise((go) => setTimeout(go, 200));
      return usual(request, response);
    });
    const args = [
      "migrate",
      chroma.url.replace("http", "chroma"),
      "embedded:q",
      "--batch-size",
      "100",
    ];
    const run = startCli([...args, "--json", "--report-file", "r.json"], { cwd });
    await run.until(/"phase":"copy","collection":"slow","done":[1-9]/);
    const startedMs = Date.now();
    run.child.kill("SIGINT");
    const ended = await run.ended;
    expect(ended.status).toBe(130);
    expect(Date.now() - startedMs).toBeLessThan(5_000);
    expect(ended.stderr).toMatch(/What was kept: [\d,]+ of 3,000 records are at the target/);
    expect(ended.stderr).toContain(`To go on:      vecferry ${args.join(" ")}`);
    const report = JSON.parse(readFileSync(join(cwd, "r.json"), "utf8"));
    expect(report).toMatchObject({ exit: 130, failure: { code: "E_ABORTED" } });

    slow = false;
    const again = await runCli([...args, "--json"], { cwd });
    expect(again.status).toBe(0);
    const result = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .at(-1);
    expect(result.report.totals.carried).toBeLessThan(3_000);
    expect(result.report.collections[0].counts.written).toBe(3_000);
  });
});
