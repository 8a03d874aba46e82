/** What is asked for does not go with what is there: refused before the first write, with the flag that solves it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { type Ended, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { fileList } from "../support/fixtures.ts";
import { makeFolder } from "../support/make-folder.ts";
import { embeddedCollections, expectRefusal, type Refusal, runKeyed } from "../support/refusal.ts";
import { startStub } from "../support/stub.ts";
import { stubCollections, stubRecords } from "../support/stub-scene.ts";

let chroma: ReturnType<typeof temporaryFolder>;
let source: string;
let recorded: string[];
beforeAll(() => {
  chroma = temporaryFolder();
  source = `${unpackChroma("1.5.9", chroma.path)}?tenant=default_tenant`;
  recorded = fileList(chroma.path);
});
afterAll(() => {
  expect(fileList(chroma.path)).toEqual(recorded);
  chroma[Symbol.dispose]();
});

const squares = ["--chromadb-collections", "squares"];
const two = ["--chromadb-collections", "squares", "dots"];

/** Runs `migrate` from the recorded folder into `embedded:q`. */
function migrate(cwd: string, ...flags: string[]): Promise<Ended> {
  return runKeyed(["migrate", source, "embedded:q", ...flags], cwd);
}

describe("a mapping file", () => {
  const fault = { exit: 2, code: "E_MAPPING", remedy: '{ "collection": "tenant" }' };
  it.each<[string, string, Refusal]>([
    ["that is not JSON", '{\n"squares" = "t"}', { ...fault, says: /m\.json, line 2: .*JSON/ }],
    ["that maps to nothing", '{"squares": ""}', { ...fault, says: '"squares" is mapped to no' }],
    [
      "that names a collection that is not there",
      '{"squares": "t", "sqares": "t"}',
      { ...fault, says: /names "sqares", .* It has: .*"squares"/ },
    ],
    [
      "that leaves a collection out",
      '{"dots": "t"}',
      { exit: 2, code: "E_UNMAPPED", says: '"squares"', remedy: "--default-tenant" },
    ],
  ])("%s is refused", async (_, text, refusal) => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "m.json"), text);
    const ended = await migrate(folder.path, ...squares, "--tenant-mapping", "m.json");
    expectRefusal(ended, refusal);
    expect(embeddedCollections(join(folder.path, "q"))).toEqual([]);
  });

  it("that is not there is refused", async () => {
    using folder = temporaryFolder();
    const ended = await migrate(folder.path, "--tenant-mapping", "m.json");
    const says = "The file of --tenant-mapping, m.json";
    expectRefusal(ended, { exit: 2, code: "E_CONFIG", says, remedy: "setting" });
  });
});

describe("flags", () => {
  const config = { exit: 2, code: "E_CONFIG" };
  const limit = { ...config, says: "--limit must be a whole number", remedy: "Correct --limit" };
  const noJson = { ...config, says: "--where must be JSON", remedy: "Correct --where" };
  const noWhere = { ...config, remedy: "Give --where as Chroma takes it" };
  const absent = { exit: 2, code: "E_COLLECTION_NOT_FOUND", remedy: "Check the spelling" };
  const unmapped = { exit: 2, code: "E_UNMAPPED", remedy: "--default-tenant" };
  it.each<[string, string[], Refusal]>([
    [
      "--vector-size against the data's own",
      [...squares, "--vector-size", "4"],
      { ...config, says: /--vector-size says 4, .* says 8/, remedy: "Leave --vector-size away" },
    ],
    [
      "--distance-metric against the data's own",
      [...squares, "--distance-metric", "cosine"],
      {
        ...config,
        says: /--distance-metric says cosine, .* says l2/,
        remedy: "Leave --distance-metric away, or give l2.",
      },
    ],
    ["--limit 0", ["--limit", "0"], limit],
    ["a --where that is no JSON", ["--where", "category=news"], noJson],
    [
      "a --where with an unknown operator",
      ["--where", '{"a":{"$near":1}}'],
      { ...noWhere, says: "where.a.$near is no operator" },
    ],
    [
      "a misspelt collection",
      [...squares, "dotz"],
      { ...absent, says: /"dotz"\. It has: .*"dots"/ },
    ],
    [
      "a scope with nothing in it",
      ["--include", "z*"],
      { ...absent, says: /scope\. It has: "ang/ },
    ],
    ["a misspelt --rename", ["--rename", "dotz=d"], { ...absent, says: /names "dotz".*"dots"/ }],
    [
      "--target-collection for several without a mapping",
      [...two, "--target-collection", "both"],
      { ...unmapped, says: "--target-collection takes 2 collections only when each has a tenant" },
    ],
    [
      "--target-collection for collections of two distances",
      [...two, "--target-collection", "both", "--default-tenant", "t"],
      {
        exit: 2,
        code: "E_SCHEMA_CONFLICT",
        says: "distance is ip in the first and l2 in the second",
        remedy: "another --target-collection",
      },
    ],
  ])("%s: refused", async (_, flags, refusal) => {
    using folder = temporaryFolder();
    expectRefusal(await migrate(folder.path, ...flags), refusal);
    expect(embeddedCollections(join(folder.path, "q"))).toEqual([]);
  });
});

describe("a name that Qdrant refuses", () => {
  it.each([
    ["a slash", "a/b"],
    ["more than 255 bytes", "ü".repeat(128)],
  ])("with %s is refused, and --rename solves it", async (_, name) => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "c"), { records: 5, dimension: 2, name });
    const args = ["migrate", "./c", "embedded:q"];
    expectRefusal(await runKeyed(args, folder.path), {
      exit: 2,
      code: "E_NAME",
      says: `Qdrant takes no collection named "${name}"`,
      remedy: "--rename OLD=NEW",
    });
    expect(embeddedCollections(join(folder.path, "q"))).toEqual([]);
    const mended = await runKeyed([...args, "--rename", `${name}=better`], folder.path);
    expect(mended).toMatchObject({ status: 0, stderr: "" });
    expect(mended.stdout).toContain("5 records carried");
  });
});

describe("a collection that stands at the target already", () => {
  const remedy = "Choose another target collection (--target-collection, --rename), or delete the";
  it.each<[string, { size: number; distance: "Euclid" | "Dot" }, string]>([
    ["another dimension", { size: 4, distance: "Euclid" }, "dimension 4; the plan needs 8"],
    ["another distance", { size: 8, distance: "Dot" }, "distance ip; the plan needs l2"],
  ])("with %s is refused and stays as it is", async (_, vectors, says) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "q");
    await standing(path, vectors);
    const before = await describeSquares(path);
    const ended = await migrate(folder.path, ...squares);
    expectRefusal(ended, { exit: 2, code: "E_SCHEMA_CONFLICT", says, remedy });
    expect(await describeSquares(path)).toEqual(before);
    const mended = await migrate(folder.path, ...squares, "--rename", "squares=other");
    expect(mended).toMatchObject({ status: 0, stderr: "" });
  });
});

/** Makes a collection `squares` as another program would. */
async function standing(
  path: string,
  vectors: { size: number; distance: "Euclid" | "Dot" },
): Promise<void> {
  await using engine = await openEngine(path);
  await engine.createCollection("squares", { vectors });
}

async function describeSquares(path: string): Promise<unknown> {
  await using engine = await openEngine(path);
  return engine.describeCollection("squares");
}

describe("a collection that is begun", () => {
  const changed = { exit: 2, code: "E_PLAN_CHANGED", remedy: "--restart to copy all again" };
  const conflict = { exit: 2, code: "E_SCHEMA_CONFLICT" };
  it("refuses another plan, names what is other, and takes it with --restart", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const one = [...squares, "--default-tenant", "one"];
    expect((await migrate(cwd, ...one)).status).toBe(0);
    const collections = embeddedCollections(join(cwd, "q"));
    const refused: [flags: string[], refusal: Refusal][] = [
      [
        ["--rename", "squares=other", "--id-prefix", "squares=p"],
        { ...changed, says: /target was "squares" and would be "other"; idPrefix was null and/ },
      ],
      [["--default-tenant", "two"], { ...changed, says: 'tenant was "one" and would be "two"' }],
      [
        ["--layout", "flat"],
        { ...conflict, says: "layout vecferry; the plan needs flat", remedy: "Give --layout vecf" },
      ],
    ];
    for (const [flags, refusal] of refused)
      expectRefusal(await migrate(cwd, ...squares, ...flags), refusal);
    expect(embeddedCollections(join(cwd, "q"))).toEqual(collections);
    expect(await migrate(cwd, ...one)).toMatchObject({ status: 0, stderr: "" });
    const again = await migrate(cwd, ...one, "--rename", "squares=other", "--restart");
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.stdout).toContain("96 records carried");
  });
});

it("a refused plan of a server sends it nothing but reads", async () => {
  using folder = temporaryFolder();
  const scene = new Map([["squares", stubRecords("r", 5, 8)]]);
  await using stub = await startStub(stubCollections(scene));
  const address = stub.url.replace("http:", "chroma:");
  const args = ["migrate", address, "embedded:q", "--chromadb-collections", "sqares"];
  const ended = await runKeyed(args, folder.path);
  const says = 'no collection "sqares". It has: "squares"';
  const remedy = "Check the spelling";
  expectRefusal(ended, { exit: 2, code: "E_COLLECTION_NOT_FOUND", says, remedy });
  const writes = stub.requests.filter(
    ({ method, path }) => method !== "GET" && !/\/(get|query|count)$/.test(path),
  );
  expect(writes).toEqual([]);
});
