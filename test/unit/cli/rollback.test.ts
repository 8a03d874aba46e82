/** `vecferry rollback` without any server: what the plan finds, and every bad input. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/run.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { makeFolder } from "../../support/make-folder.ts";

/** Nobody listens on the discard port. */
const nobody = "chroma://127.0.0.1:9/acme/prod";

/** A Chroma folder, migrated into an embedded Qdrant; an archive of it in the installation's folder. */
class Installation implements Disposable {
  readonly #folder = temporaryFolder();
  readonly target = `embedded:${this.in("q")}`;
  readonly archive = `archive:${this.in("backups/before")}`;

  async made(): Promise<this> {
    makeFolder(this.in("chroma"), { records: 5, dimension: 2, name: "docs" });
    mkdirSync(this.in("backups"));
    expect((await this.run("backup", this.in("chroma"), this.archive)).exit).toBe(0);
    expect((await this.run("migrate", this.in("chroma"), this.target)).exit).toBe(0);
    return this;
  }

  in(name: string): string {
    return join(this.#folder.path, name);
  }

  async run(...args: string[]) {
    const output = new PassThrough();
    const words = text(output);
    const isPlan = args[1] === "plan";
    const exit = await runCli({
      argv: [
        ...args,
        "--state",
        this.in("state"),
        ...(isPlan ? [] : ["--log-file", this.in("log")]),
      ],
      variables: { PATH: "" },
      folder: this.#folder.path,
      stdout: output,
      stderr: new PassThrough().on("data", (chunk) => output.write(chunk)),
      signal: new AbortController().signal,
    });
    output.end();
    return { exit, said: await words };
  }

  async plan(...args: string[]) {
    const { exit, said } = await this.run("rollback", "plan", "--json", ...args);
    const line = said.split("\n").find((one) => one.includes('"rollback-plan"')) ?? "null";
    return { exit, said, plan: JSON.parse(line)?.plan };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

describe("`vecferry rollback`", () => {
  let place: Installation;
  beforeEach(async () => {
    place = await new Installation().made();
    return () => place[Symbol.dispose]();
  });

  it("plan finds the migration, the archives, compose files and variables, and changes nothing", async () => {
    const compose =
      "services:\n  old:\n    image: chromadb/chroma\n  app:\n    environment:\n      USE_QDRANT: 'true'\n";
    writeFileSync(place.in("compose.yaml"), compose);
    writeFileSync(place.in(".env"), "QDRANT_URL=http://localhost:6333\n");
    mkdirSync(place.in("other"));
    writeFileSync(place.in("other/manifest.json"), '{"name":"an application"}');
    const before = await readdir(place.in("."), { recursive: true });
    const { exit, plan } = await place.plan(place.target, nobody, "--out", place.in("way.md"));
    expect(exit).toBe(0);
    expect(plan).toMatchObject({
      format: 1,
      ready: false,
      migration: {
        state: "VERIFIED",
        records: 5,
        collections: [{ source: "docs", target: "docs" }],
      },
      qdrant: { found: { collections: [{ name: "docs", records: 5 }] }, fault: null },
      chroma: { found: null, fault: { code: "E_UNREACHABLE" } },
      backup: place.in("backups/before"),
      backups: [{ state: "whole", ofThisChroma: true, rows: "records" }],
      environment: [
        "VECTOR_DB_TYPE=chromadb",
        "USE_QDRANT=false",
        "CHROMA_HOST=127.0.0.1",
        "CHROMA_PORT=9",
        "CHROMA_TENANT=acme",
        "CHROMA_DATABASE=prod",
      ],
    });
    const commands = plan.steps.flatMap((step: { commands: string[] }) => step.commands);
    expect(commands).toEqual([
      "docker compose -f compose.yaml stop app",
      `vecferry backup ${place.target} archive:./qdrant-before-rollback`,
      "docker compose -f compose.yaml up -d old",
      "vecferry check archive:./backups/before --drill",
      `vecferry rollback run ${place.target} ${nobody} --backup archive:./backups/before --dry-run`,
      `vecferry rollback run ${place.target} ${nobody} --backup archive:./backups/before`,
      "docker compose -f compose.yaml up -d app",
      `vecferry verify ${place.target} ${nobody}`,
    ]);
    const page = readFileSync(place.in("way.md"), "utf8");
    for (const command of commands) expect(page).toContain(command);
    const after = await readdir(place.in("."), { recursive: true });
    expect(after.filter((name) => !before.includes(name))).toEqual(["way.md"]);
  });

  it("plan says what lacks: a Chroma that can be written, a journal, a whole backup", async () => {
    const folder = await place.plan(place.target);
    expect(folder.plan).toMatchObject({ ready: false, chroma: null });
    expect(folder.plan.problems[0]).toContain("is a folder, which is never written");
    rmSync(place.in("state"), { recursive: true });
    rmSync(place.in("backups"), { recursive: true });
    const none = await place.plan(place.target, nobody);
    expect(none.plan).toMatchObject({ migration: null, backup: null, backups: [] });
    expect(none.plan.problems.join("\n")).toMatch(/no backup of this Chroma[\s\S]*no journal/);
    const stepOf = (title: string) =>
      none.plan.steps.find((step: { title: string }) => step.title.startsWith(title));
    for (const title of ["See what", "Go back"]) {
      expect(stepOf(title).text).not.toMatch(/the backup|since the switch|propagate-deletes/);
    }
    expect(stepOf("See what").text).toContain("without a journal it cannot tell beforehand");
    expect(stepOf("Start").commands).toEqual(["chroma run --path ./chroma_data --port 9"]);
    const away = await place.plan("http://127.0.0.1:9?grpc=off", nobody, "--timeout-ms", "100");
    expect(away.plan.problems[0]).toMatch(/since the switch cannot be read: .* \[E_UNREACHABLE\]$/);
    const nothing = await place.plan();
    expect([nothing.exit, nothing.said]).toEqual([2, expect.stringContaining("[E_NO_MIGRATION]")]);
    expect(nothing.said).not.toContain("What was kept");
    expect(nothing.said).toMatch(/To go on: +vecferry rollback plan QDRANT CHROMA --json/);
  });

  it("names a damaged backup, and does not go back to it", async () => {
    const part = place.in("backups/before/0001-docs/part-0001.parquet");
    const bytes = readFileSync(part);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    const { plan } = await place.plan(place.target, nobody);
    expect(plan).toMatchObject({
      backup: null,
      backups: [{ fault: { code: "E_ARCHIVE_DAMAGED" } }],
    });
    for (const [flags, code] of [
      [[], "E_NO_ARCHIVE"],
      [["--backup", place.archive], "E_ARCHIVE_DAMAGED"],
    ] as const) {
      const { exit, said } = await place.run("rollback", "run", place.target, nobody, ...flags);
      expect(said).toContain(`[${code}]`);
      expect(exit).toBe(code === "E_NO_ARCHIVE" ? 2 : 1);
    }
  });

  it("refuses a damaged journal, and leaves it as it is", async () => {
    const journal = place.in("state/journal.sqlite");
    for (const end of ["", "-wal", "-shm"]) if (existsSync(journal + end)) rmSync(journal + end);
    writeFileSync(journal, "no journal".repeat(1000));
    const { exit, said } = await place.plan(place.target, nobody);
    expect(said).toContain("[E_JOURNAL_DAMAGED]");
    expect(exit).toBe(1);
    expect(readFileSync(journal, "utf8")).toMatch(/^no journal/);
  });
});

describe("`vecferry rollback` before anything is opened", () => {
  let place: Installation;
  beforeAll(async () => {
    place = await new Installation().made();
    return () => place[Symbol.dispose]();
  });

  it.each([
    ["neither plan nor run", ["rollback"], "E_USAGE", 2],
    ["another command", ["rollback", "back"], "E_USAGE", 2],
    ["a folder to go back to", ["rollback", "run", "TARGET", "CHROMA"], "E_NOT_SUPPORTED", 2],
    ["no Chroma where the migration came from a folder", ["rollback", "run"], "E_CONFIG", 2],
    ["both ends turned round", ["rollback", "run", nobody, "TARGET"], "E_CONFIG", 2],
    ["a Chroma that does not answer", ["rollback", "run", "TARGET", nobody], "E_UNREACHABLE", 5],
    [
      "an archive that is none",
      ["rollback", "run", "TARGET", nobody, "--backup", "archive:./none"],
      "E_NO_ARCHIVE",
      2,
    ],
    [
      "a backup that is no archive",
      ["rollback", "run", "TARGET", nobody, "--backup", "./x"],
      "E_CONFIG",
      2,
    ],
    [
      "a backup and none",
      ["rollback", "run", "TARGET", nobody, "--backup", "archive:./a", "--without-backup"],
      "E_USAGE",
      2,
    ],
    [
      "a restore of nothing",
      ["rollback", "run", "TARGET", nobody, "--restore-only", "--without-backup"],
      "E_USAGE",
      2,
    ],
    [
      "an --out in no folder",
      ["rollback", "plan", "TARGET", nobody, "--out", "./none/plan.md"],
      "E_CONFIG",
      2,
    ],
  ])("refuses %s", async (_, words, code, status) => {
    const places = { TARGET: place.target, CHROMA: place.in("chroma") };
    const args = words.map((word) => places[word as keyof typeof places] ?? word);
    const patience = args.length > 2 && args[1] === "run" ? ["--timeout-ms", "100"] : [];
    const { exit, said } = await place.run(...args, ...patience);
    expect(said).toContain(`[${code}]`);
    expect(exit, said).toBe(code === "E_NOT_SUPPORTED" ? 1 : status);
  });

  it("names a command that it has not, whatever stands behind it, and those that it has", async () => {
    const { said } = await place.run("rollback", "begin", place.target, nobody);
    expect(said).toContain('No command of rollback is "begin": it takes plan or run.');
    expect(said).not.toContain("--chromadb-collections");
  });
});
