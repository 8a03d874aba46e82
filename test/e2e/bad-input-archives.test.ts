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

/** The command in this process: what it prints and how it ends. */
async function run(...argv: string[]): Promise<Ended> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const left = ["--state", at("state"), "--log-file", at("run.log"), "--report-file", report];
  const status = await runCli({
    argv: [...argv, ...left],
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
      "over a finished archive",
      ["chroma", "archive:a"],
      { says: /finished archive: 50 records of chroma-folder:.*chroma/, remedy: "another folder" },
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
    [
      "of named vectors",
      ["embedded:qdrant", "archive:new"],
      {
        exit: 1,
        code: "E_NOT_SUPPORTED",
        says: 'Collection "named" has named vector "image"',
        remedy: "--exclude",
      },
    ],
  ])("%s is refused, and nothing is written", async (_, words, refusal) => {
    const args = words.map((word) =>
      word.replace(
        /^(archive:|embedded:|)(chroma\/new|chroma|qdrant|mine|nowhere|new|a)$/,
        (_all, scheme, name) => scheme + at(name),
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
      "into a Chroma",
      ["archive:a", "chroma://localhost:8000"],
      { says: "a target is a Qdrant", remedy: "embedded:./path" },
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
        /^(archive:|embedded:|)(chroma|mine|nowhere|new|points|a)$/,
        (_all, scheme, name) => scheme + at(name),
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
            .replace('"format": 1', '"format": 99')
            .replace('"format":1', '"format":99'),
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
