/** Archives that cannot be made or read: refused by name, before anything is written. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/run.ts";
import { openEngine } from "../../src/engine/index.ts";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { type Ended, temporaryFolder } from "../support/cli.ts";
import { fileList } from "../support/fixtures.ts";
import { makeFolder } from "../support/make-folder.ts";
import { expectRefusal, type Refusal } from "../support/refusal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const report = at("report.json");

const left = ["--state", at("state"), "--log-file", at("run.log"), "--report-file", report];

/** A command that leaves a report: what it prints and how it ends. */
function run(...argv: string[]): Promise<Ended> {
  return call([...argv, ...left]);
}

/** `check`, which leaves nothing. */
function check(...argv: string[]): Promise<Ended> {
  return call(["check", ...argv]);
}

/** The command in this process. */
async function call(argv: readonly string[]): Promise<Ended> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const status = await runCli({
    argv: [...argv],
    variables: {},
    folder: folder.path,
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, error] = await said;
  return { status, stdout: out, stderr: error };
}

beforeAll(async () => {
  makeFolder(at("chroma"), { records: 50, dimension: 4, name: "one" });
  mkdirSync(at("mine"));
  writeFileSync(join(at("mine"), "notes.txt"), "mine");
  const engine = await openEngine(at("qdrant"));
  const vectors = { size: 2, distance: "Dot" } as const;
  await engine.createCollection("plain", { vectors });
  await engine.createCollection("named", { vectors: { image: vectors } });
  await engine[Symbol.asyncDispose]();
  const made = await run("backup", at("chroma"), `archive:${at("a")}`);
  expect(made.status, made.stderr).toBe(0);
  const points = await run(
    "backup",
    `embedded:${at("qdrant")}`,
    `archive:${at("points")}`,
    "--include",
    "plain",
  );
  expect(points.status, points.stderr).toBe(0);
});
afterAll(() => folder[Symbol.dispose]());

describe("a backup that cannot be made", () => {
  it.each<[string, string[], Partial<Refusal>]>([
    [
      "without an archive",
      [],
      { code: "E_USAGE", says: "No archive is given", remedy: /archive:/ },
    ],
    [
      "into what is no archive's address",
      ["chroma", "embedded:x"],
      { says: "is no archive", remedy: "archive:./path" },
    ],
    [
      "of an archive",
      ["archive:a", "archive:new"],
      { says: "is an archive already", remedy: "Copy its folder" },
    ],
    [
      "into an archive of another store",
      ["embedded:qdrant", "archive:a"],
      { says: /archive of another store: its kind is chroma-folder/, remedy: "not there yet" },
    ],
    [
      "into one generation of an archive",
      ["chroma", "archive:a?generation=1"],
      { says: "only chooses what is read", remedy: "makes the next generation" },
    ],
    [
      "of less than the archive holds",
      ["chroma", "archive:a", "--limit", "3"],
      { code: "E_PLAN_CHANGED", says: "other records of collection", remedy: "as before" },
    ],
    [
      "into a folder of somebody's",
      ["chroma", "archive:mine"],
      { says: "is there already", remedy: "not there yet" },
    ],
    [
      "into the folder that is read",
      ["chroma", "archive:chroma/new"],
      { says: "would stand in the folder that is read", remedy: "outside of it" },
    ],
    [
      "of no such folder",
      ["nowhere", "archive:new"],
      { code: "E_NO_FOLDER", says: "nowhere", remedy: "chroma.sqlite3" },
    ],
    [
      "of no such embedded Qdrant",
      ["embedded:nowhere", "archive:new"],
      { code: "E_NO_MIGRATION", says: "no embedded Qdrant", remedy: "Give the folder" },
    ],
    [
      "of no such collection",
      ["chroma", "archive:new", "--chromadb-collections", "two"],
      { code: "E_COLLECTION_NOT_FOUND", says: 'no collection "two"', remedy: /./ },
    ],
    [
      "with Chroma's where of a Qdrant",
      ["embedded:qdrant", "archive:new", "--include", "plain", "--where", '{"a":1}'],
      {
        exit: 1,
        code: "E_NOT_SUPPORTED",
        says: "--where is for a Chroma",
        remedy: "Leave --where away",
      },
    ],
  ])("%s is refused, and nothing is written", async (_, words, refusal) => {
    const args = words.map((word) =>
      word.replace(
        /^(archive:|embedded:|)(chroma\/new|chroma|qdrant|mine|nowhere|new|a)(\?.*|)$/,
        (_all, scheme, name, query) => scheme + at(name) + query,
      ),
    );
    const before = fileList(at("mine")).concat(fileList(at("a")));
    const ended = await run("backup", ...args);
    expectRefusal(ended, { exit: 2, code: "E_CONFIG", says: /./, remedy: /./, ...refusal });
    expect(fileList(at("mine")).concat(fileList(at("a")))).toEqual(before);
    for (const name of ["new", "new.partial", "chroma/new.partial", "nowhere"])
      expect(existsSync(at(name)), name).toBe(false);
  });
});

describe("a restore that cannot be", () => {
  it.each<[string, string[], Partial<Refusal>]>([
    [
      "without an archive",
      [],
      { code: "E_USAGE", says: "No archive is given", remedy: "vecferry restore" },
    ],
    ["from what is no archive", ["chroma"], { says: "is no archive", remedy: "archive:./path" }],
    [
      "from nothing",
      ["archive:nowhere"],
      { code: "E_NO_ARCHIVE", says: "nowhere", remedy: "manifest.json" },
    ],
    [
      "from a folder of somebody's",
      ["archive:mine"],
      { code: "E_NO_ARCHIVE", says: "mine", remedy: "manifest.json" },
    ],
    [
      "from a generation that is not there",
      ["archive:a?generation=7"],
      { code: "E_NO_ARCHIVE", says: "has no generation 7", remedy: "it has (1)" },
    ],
    [
      "from no generation",
      ["archive:a?generation=0"],
      { says: "generation that is no number", remedy: /./ },
    ],
    [
      "of points in another layout",
      ["archive:points", "embedded:new", "--layout", "flat"],
      { says: "--layout is for records of a Chroma", remedy: "Leave --layout away" },
    ],
    [
      "of points as another's",
      ["archive:points", "embedded:new", "--rename", "other=x"],
      { code: "E_COLLECTION_NOT_FOUND", says: "--rename names", remedy: /./ },
    ],
  ])("%s is refused", async (_, words, refusal) => {
    const args = words.map((word) =>
      word.replace(
        /^(archive:|embedded:|)(chroma|mine|nowhere|new|points|a)(\?.*|)$/,
        (_all, scheme, name, query) => scheme + at(name) + query,
      ),
    );
    const ended = await run("restore", ...args);
    expectRefusal(ended, { exit: 2, code: "E_CONFIG", says: /./, remedy: /./, ...refusal });
    expect(existsSync(join(at("new"), "collections", "plain"))).toBe(false);
  });

  it.each<[string, string, RegExp, (archive: string, part: string) => void]>([
    [
      "a byte is another",
      "E_ARCHIVE_DAMAGED",
      /parquet/,
      (_, part) => {
        const bytes = readFileSync(part);
        bytes[100] = (bytes[100] ?? 0) ^ 1;
        writeFileSync(part, bytes);
      },
    ],
    [
      "a file is short",
      "E_ARCHIVE_DAMAGED",
      /parquet/,
      (_, part) => writeFileSync(part, readFileSync(part).subarray(0, -1)),
    ],
    ["a file is longer", "E_ARCHIVE_DAMAGED", /parquet/, (_, part) => appendFileSync(part, "x")],
    ["a file is gone", "E_ARCHIVE_DAMAGED", /parquet/, (_, part) => rmSync(part)],
    [
      "the manifest is a newer one's",
      "E_ARCHIVE_FORMAT",
      /99/,
      (archive) => {
        const file = join(archive, "manifest.json");
        writeFileSync(
          file,
          readFileSync(file, "utf8")
            .replace('"format": 2', '"format": 99')
            .replace('"format":2', '"format":99'),
        );
      },
    ],
  ])("where %s, nothing is written and the file is named", async (_, code, says, damage) => {
    for (const [name, collection] of [
      ["a", "one"],
      ["points", "plain"],
    ] as const) {
      const copy = at("damaged");
      rmSync(copy, { recursive: true, force: true });
      cpSync(at(name), copy, { recursive: true });
      const [{ parts }] = JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8")).collections;
      const file = parts[0]?.file;
      // A collection without points has no file to damage.
      if (file === undefined && code !== "E_ARCHIVE_FORMAT") continue;
      damage(copy, join(copy, file ?? ""));
      const target = at(`into-${collection}`);
      const ended = await run("restore", `archive:${copy}`, `embedded:${target}`);
      expectRefusal(ended, { exit: 1, code, says, remedy: /archive/ });
      expect(existsSync(target)).toBe(false);
      const told = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
      expect(told).toMatchObject({ command: "restore", state: null, failure: { code } });
    }
  });
});

describe("a check", () => {
  it.each<[string, string[], Partial<Refusal>]>([
    ["of nothing", [], { code: "E_USAGE", says: "No archive is given", remedy: "vecferry check" }],
    ["of what is no archive", ["embedded:x"], { says: "is no archive", remedy: "archive:./path" }],
    [
      "of a folder of somebody's",
      [`archive:${at("mine")}`],
      { code: "E_NO_ARCHIVE", says: "mine", remedy: "manifest.json" },
    ],
    [
      "of a part that is none",
      [`archive:${at("a")}`, "--read-data-subset", "0%"],
      { code: "E_CONFIG", says: "must be a percentage", remedy: /./ },
    ],
    [
      "of a slice beyond the last",
      [`archive:${at("a")}`, "--read-data-subset", "8/7"],
      { code: "E_CONFIG", says: "must be a percentage", remedy: /./ },
    ],
  ])("%s is refused", async (_, words, refusal) => {
    const ended = await check(...words);
    expectRefusal(ended, { exit: 2, code: "E_CONFIG", says: /./, remedy: /./, ...refusal });
  });

  it("names every fault of every generation, and ends with 1; of a part it looks at the sizes of the rest", async () => {
    const copy = at("checked");
    cpSync(at("a"), copy, { recursive: true });
    const whole = await check(`archive:${copy}`, "--json");
    expect(whole.status, whole.stderr).toBe(0);
    const part = join(copy, "0001-one", "part-0001.parquet");
    const bytes = readFileSync(part);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    writeFileSync(join(copy, "0001-one", "part-0009.parquet"), "x");
    const ended = await check(`archive:${copy}`, "--json");
    expect(ended.status).toBe(1);
    const found = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "").check;
    expect(found).toMatchObject({
      generations: [{ generation: 1, rows: 50 }],
      faults: [
        { file: "0001-one/part-0001.parquet", fault: expect.stringContaining("SHA-256") },
        { file: "0001-one/part-0009.parquet", fault: expect.stringContaining("none of") },
      ],
    });
    rmSync(join(copy, "0001-one", "part-0009.parquet"));
    const slices: number[] = [];
    for (const slice of ["1/2", "2/2"]) {
      const { status } = await check(`archive:${copy}`, "--read-data-subset", slice);
      slices.push(status ?? -1);
    }
    expect(slices.sort()).toEqual([0, 1]);
    appendFileSync(part, "x");
    expect((await check(`archive:${copy}`, "--read-data-subset", "1%")).stderr).toBe("");
    const short = await check(`archive:${copy}`, "--read-data-subset", "1/999999");
    expect(short.stdout).toContain("Fault: 0001-one/part-0001.parquet is longer than it was");
  });
});
