import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { VectorError } from "../../src/errors.ts";
import type { DocumentStore } from "../../src/store/documents.ts";
import { findCollection, scanAll } from "../../src/testing/target-bench.ts";
import { batchOf, rowsOf } from "../../src/testing/target-records.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { doStep, recordsAfter, stepsSpec } from "../support/faiss-steps.ts";
import { programFile } from "../support/programs.ts";

/** Many are a matter of minutes: KILLS=100 npx vitest run test/fault/faiss.test.ts */
const kills = Number(process.env["KILLS"] ?? 4);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const writer = new URL("./faiss-writer.ts", import.meta.url).pathname;
const parent = mkdtempSync(join(tmpdir(), "vecferry-faiss-fault-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  folders += 1;
  return join(parent, String(folders));
}

async function rowsIn(store: DocumentStore): Promise<object[]> {
  return rowsOf(...(await scanAll(store, await findCollection(store, stepsSpec.name))));
}

async function refusal(root: string): Promise<VectorError> {
  try {
    await using store = await openFaiss(root);
    await store.collections();
  } catch (error) {
    if (error instanceof VectorError) return error;
    throw error;
  }
  throw new Error("It was opened.");
}

/** Does steps from `first` until it is killed after some time; how many are acknowledged in all. */
async function workAndKill(folder: string, first: number, random: () => number): Promise<number> {
  const child = spawn(process.execPath, programFile(writer, folder, String(first)), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let done = first;
  const begun = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    done = Number(line) + 1;
    begun.resolve();
  });
  const exited = once(child, "exit");
  const closed = once(child.stdout, "close");
  await Promise.race([begun.promise, exited]);
  await sleep(random() * 60);
  child.kill("SIGKILL");
  await Promise.all([exited, closed]);
  return done;
}

describe("FAISS files whose writer is killed", () => {
  it(`have all that was acknowledged, and at most the one step under way (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const folder = newFolder();
    let done = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const acknowledged = await workAndKill(folder, done, random);
      expect(acknowledged).toBeGreaterThan(done);
      await using store = await openFaiss(folder);
      const found = JSON.stringify(await rowsIn(store));
      const whole = [acknowledged, acknowledged + 1].find(
        (count) => found === JSON.stringify(rowsOf(batchOf(recordsAfter(count)))),
      );
      expect(whole, `after step ${acknowledged}`).toBeDefined();
      done = whole ?? acknowledged;
    }
  }, 120_000);
});

describe.skipIf(process.platform === "win32")("FAISS files that cannot grow", () => {
  it("have all that was acknowledged and nothing of the write that was refused", async () => {
    const folder = newFolder();
    const shell = 'ulimit -f 2; exec "$0" "$@"';
    const child = spawn("bash", ["-c", shell, process.execPath, ...programFile(writer, folder)], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    let done = 0;
    let words = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      done = Number(line) + 1;
    });
    child.stderr.on("data", (some) => {
      words += String(some);
    });
    await Promise.all([
      once(child, "exit"),
      once(child.stdout, "close"),
      once(child.stderr, "close"),
    ]);
    expect(words).toContain("cannot be written");
    expect(done).toBeGreaterThan(0);
    await using store = await openFaiss(folder);
    expect(await rowsIn(store)).toEqual(rowsOf(batchOf(recordsAfter(done))));
  });
});

/** A folder as a kill leaves it: 3 steps in its files, 4 in its journal. */
async function killedFolder(): Promise<string> {
  const folder = newFolder();
  {
    await using store = await openFaiss(folder);
    await store.ensure(stepsSpec);
    for (const step of [0, 1, 2]) await doStep(store, step);
  }
  const copy = newFolder();
  await using store = await openFaiss(folder);
  for (const step of [3, 4, 5, 6]) await doStep(store, step);
  cpSync(folder, copy, { recursive: true });
  rmSync(join(copy, ".vecferry.lock"));
  return copy;
}

function copyOf(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

async function expectSteps(folder: string, count: number): Promise<void> {
  await using store = await openFaiss(folder);
  expect(await rowsIn(store)).toEqual(rowsOf(batchOf(recordsAfter(count))));
}

describe("a journal", () => {
  it("that was cut short anywhere in its last frame is whole but for that one, and goes on", async () => {
    const whole = await killedFolder();
    await expectSteps(copyOf(whole), 7);
    const name = join("steps", "journal-2.bin");
    const size = statSync(join(whole, name)).size;
    for (let cut = 9; cut < 320; cut += 53) {
      const folder = copyOf(whole);
      truncateSync(join(folder, name), size - cut);
      await expectSteps(folder, 6);
      await expectSteps(folder, 6);
      // What a loss of power took may read as zeros.
      const zeros = copyOf(whole);
      truncateSync(join(zeros, name), size - cut);
      truncateSync(join(zeros, name), size);
      await expectSteps(zeros, 6);
    }
    const longer = copyOf(whole);
    truncateSync(join(longer, name), size + 4096);
    await expectSteps(longer, 7);
  });

  it("with a changed byte before its last frame is named, and nothing of it is taken for good", async () => {
    const whole = await killedFolder();
    const name = join("steps", "journal-2.bin");
    for (const at of [0, 9, 17, 30, 60]) {
      const folder = copyOf(whole);
      const bytes = readFileSync(join(folder, name));
      bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
      writeFileSync(join(folder, name), bytes);
      const error = await refusal(folder);
      expect([error.code, error.details["file"]]).toEqual(["E_STORAGE", join(folder, name)]);
      expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
    }
  });
});

describe("files of FAISS", () => {
  it("of a generation that was never finished are taken away, and the one before holds", async () => {
    const folder = await killedFolder();
    for (const name of ["index-3.faiss", "documents-3.jsonl", "collection.json.part"])
      writeFileSync(join(folder, "steps", name), "torn");
    mkdirSync(join(folder, ".vecferry-new"));
    mkdirSync(join(folder, ".vecferry-removed"));
    await expectSteps(folder, 7);
    expect(readdirSync(folder)).toEqual(["steps"]);
    expect(readdirSync(join(folder, "steps")).sort()).toEqual([
      "collection.json",
      "documents-3.jsonl",
      "index-3.faiss",
    ]);
  });

  it("that are torn, missing or changed are named, and stay as they are", async () => {
    const whole = newFolder();
    {
      await using store = await openFaiss(whole);
      await store.ensure(stepsSpec);
      await doStep(store, 0);
    }
    const text = (folder: string, name: string): string =>
      readFileSync(join(folder, "steps", name), "utf8");
    const cases: readonly (readonly [string, (text: string) => string | null, string])[] = [
      ["index-2.faiss", () => null, "missing"],
      ["index-2.faiss", () => "IxFI", "header"],
      ["documents-2.jsonl", () => null, "missing"],
      ["documents-2.jsonl", (all) => all.slice(0, -20), "line 6"],
      ["documents-2.jsonl", (all) => all.split("\n").slice(1).join("\n"), "5 lines"],
      ["documents-2.jsonl", (all) => `${all}{}\n`, "line 7"],
      ["documents-2.jsonl", (all) => all.replace('"id"', '"idea"'), "idea"],
      ["documents-2.jsonl", (all) => all.replace(/"point":"[^"]*"/, '"point":"a"'), "line 1"],
      ["documents-2.jsonl", (all) => all.replace('{"step":0}', "[0]"), "line 6"],
      [
        "documents-2.jsonl",
        (all) => `${all.split("\n")[1]}\n${all.split("\n").slice(1).join("\n")}`,
        "line 2",
      ],
      ["collection.json", (all) => all.slice(0, 40), "not as vecferry"],
      ["collection.json", (all) => all.replace('"index-2.faiss"', '"../x"'), "another index"],
      ["collection.json", (all) => all.replace('"dimension": 3', '"dimension": 4'), "dimension"],
      ["collection.json", (all) => all.replace('"steps"', '"other"'), "other"],
    ];
    for (const [name, change, words] of cases) {
      const folder = copyOf(whole);
      const changed = change(text(folder, name));
      if (changed === null) rmSync(join(folder, "steps", name));
      else writeFileSync(join(folder, "steps", name), changed);
      const error = await refusal(folder);
      expect(error.code, `${name}: ${words}`).toBe("E_STORAGE");
      expect(error.details["file"]).toBe(join(folder, "steps", name));
      expect(error.message).toContain(words);
      if (changed !== null) expect(text(folder, name)).toBe(changed);
    }
    const newer = copyOf(whole);
    const manifest = text(newer, "collection.json").replace('"format": 1', '"format": 2');
    writeFileSync(join(newer, "steps", "collection.json"), manifest);
    expect((await refusal(newer)).code).toBe("E_NOT_SUPPORTED");
  });

  it("of another program that come when vecferry has written its own are refused, and left alone", async () => {
    const folder = await killedFolder();
    const [index, documents] = ["index.faiss", "documents.jsonl"].map((name) =>
      join(folder, "steps", name),
    );
    for (const file of [index, documents]) writeFileSync(file ?? "", "new");
    const error = await refusal(folder);
    expect([error.code, error.details["file"]]).toEqual(["E_FOLDER_LAYOUT", index]);
    for (const file of [index, documents]) expect(readFileSync(file ?? "", "utf8")).toBe("new");
    // What was there before the last manifest is what its writing stands for.
    const manifest = join(folder, "steps", "collection.json");
    const text = readFileSync(manifest);
    await sleep(20);
    writeFileSync(manifest, text);
    await expectSteps(folder, 7);
    expect(existsSync(index ?? "")).toBe(false);
  });

  it("of every collection are written whole at the end, though one of them cannot be", async () => {
    const folder = newFolder();
    const store = await openFaiss(folder);
    for (const name of ["first", "second"]) {
      const spec = { ...stepsSpec, name };
      await store.ensure(spec);
      await store.write(spec, batchOf(recordsAfter(1)));
    }
    rmSync(join(folder, "first"), { recursive: true });
    await expect(store[Symbol.asyncDispose]()).rejects.toMatchObject({ code: "E_CONFIG" });
    expect(readdirSync(join(folder, "second"))).not.toContain("journal-1.bin");
    expect(existsSync(join(folder, ".vecferry.lock"))).toBe(false);
  });

  it("may have a link beside them that leads nowhere", async () => {
    const folder = await killedFolder();
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    await expectSteps(folder, 7);
  });

  it("among which others stand are refused with the name of those, and nothing is made there", async () => {
    const cases: readonly (readonly [string, string])[] = [
      ["notes.txt", "notes.txt"],
      ["index.faiss", "index.faiss"],
      ["docs/metadata.pkl", "metadata.pkl"],
      ["metadata.pkl", "metadata.pkl"],
      ["docs/index.pkl", "index.pkl"],
      ["docs/index.faiss", "index.faiss"],
      ["docs/notes.txt", "notes.txt"],
    ];
    for (const [file, words] of cases) {
      const folder = newFolder();
      mkdirSync(join(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), "x");
      const error = await refusal(folder);
      expect([error.code, error.details["file"]]).toEqual(["E_FOLDER_LAYOUT", join(folder, file)]);
      expect(error.message).toContain(words);
      expect(error.details["python"] !== undefined).toBe(file.endsWith("metadata.pkl"));
      expect(existsSync(join(folder, ".vecferry.lock"))).toBe(false);
    }
  });

  it("are one store's at a time", async () => {
    const folder = newFolder();
    await using store = await openFaiss(folder);
    await store.ensure(stepsSpec);
    expect((await refusal(folder)).code).toBe("E_LOCKED");
    expect(await store.collections()).toHaveLength(1);
  });
});
