import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { askEngine } from "../support/ask-engine.ts";
import { programFile } from "../support/programs.ts";
import { unnamed } from "../support/vector-columns.ts";

const asker = new URL("./engine-asker.ts", import.meta.url).pathname;
let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "vecferry-engine-")), "data");
});
afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

/** Two collections of 2,000 points; gives the path of the file of each. */
async function fill(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  await using engine = await openEngine(folder);
  for (const name of ["sound", "hurt"]) {
    const before = new Set(await readdir(join(folder, "collections")));
    await engine.createCollection(name, { vectors: { size: 16, distance: "Dot" } });
    const added = (await readdir(join(folder, "collections"))).find(
      (file) => !before.has(file) && file.endsWith(".sqlite"),
    );
    files.set(name, join(folder, "collections", added ?? ""));
    const ids = Array.from({ length: 2000 }, (_unused, row) => String(row));
    const data = Float32Array.from({ length: 2000 * 16 }, (_unused, at) => at);
    await engine.upsert(name, {
      ids,
      vectors: new Map([["", { kind: "dense", dimension: 16, data, present: null }]]),
      payloads: ids.map((id) => `{"n":${id}}`),
    });
  }
  return files;
}

/** Opens the folder and expects that 'hurt' is named as damaged and 'sound' is served whole. */
async function expectHurt(): Promise<void> {
  await using engine = await openEngine(folder);
  expect([...engine.damaged.keys()]).toEqual(["hurt"]);
  expect(engine.damaged.get("hurt")).toContain("Collection hurt is damaged");
  expect(await engine.count("sound")).toBe(2000);
  await expect(engine.count("hurt")).rejects.toMatchObject({
    code: "E_STORAGE",
    details: { collection: "hurt" },
  });
  expect(await engine.listCollections()).toEqual(["hurt", "sound"]);
  await expect(engine.createCollection("hurt", { vectors: {} })).rejects.toMatchObject({
    code: "E_SCHEMA_CONFLICT",
  });
  expect(await engine.deleteCollection("hurt")).toBe(true);
  await engine.createCollection("hurt", { vectors: { size: 2, distance: "Dot" } });
  expect(await engine.count("hurt")).toBe(0);
}

describe("a folder", () => {
  it("brings back all collections, with their points, vectors, settings and indexes", async () => {
    await fill();
    {
      await using engine = await openEngine(folder);
      await engine.createPayloadIndex("sound", "n", { type: "integer", lookup: true });
      await engine.updateCollection("sound", { metadata: { a: 1 } });
      await engine.deletePoints("sound", { ids: ["0", "7"] });
    }
    await using engine = await openEngine(folder);
    const { points_count, payload_schema, config } = await engine.getCollection("sound");
    expect({ points_count, payload_schema, metadata: config.metadata }).toEqual({
      points_count: 1998,
      payload_schema: {
        n: {
          data_type: "integer",
          params: { type: "integer", lookup: true, range: null, is_principal: null },
          points: 1998,
        },
      },
      metadata: { a: 1 },
    });
    const nearest = await engine.search("sound", {
      vector: new Float32Array(16).fill(1),
      limit: 1,
    });
    expect(nearest.ids).toEqual(["1999"]);
    expect(
      unnamed((await engine.scroll("sound", { limit: 2, withVector: true })).vectors)[16],
    ).toBe(32);
  });

  it.skipIf(process.platform === "win32")("is for its owner alone", async () => {
    await fill();
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    expect(await mode(folder)).toBe(0o700);
    expect(await mode(join(folder, "engine.sqlite"))).toBe(0o600);
    for (const file of await readdir(join(folder, "collections"))) {
      expect(await mode(join(folder, "collections", file))).toBe(0o600);
    }
  });

  it("with a torn file names the collection and serves the others", async () => {
    const file = (await fill()).get("hurt") ?? "";
    const handle = await open(file, "r+");
    await handle.truncate((await handle.stat()).size / 2);
    await handle.close();
    await expectHurt();
  });

  it("with a flipped byte in a vector names the collection and serves the others", async () => {
    const file = (await fill()).get("hurt") ?? "";
    const database = new DatabaseSync(file);
    const data = database.prepare("SELECT data FROM vectors WHERE key = 1").get()?.["data"];
    if (!(data instanceof Uint8Array)) throw new TypeError("no block");
    data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 4;
    database.prepare("UPDATE vectors SET data = ? WHERE key = 1").run(data);
    database.close();
    await expectHurt();
  });

  it("with a file that is no database names the collection and serves the others", async () => {
    await writeFile((await fill()).get("hurt") ?? "", "not a database, not at all".repeat(1000));
    await expectHurt();
  });

  it("has what a snapshot held also where the file before it cannot be taken away", async () => {
    const stuck = `${(await fill()).get("sound") ?? ""}-shm`;
    await using engine = await openEngine(folder);
    const { name } = await askEngine(engine, "createSnapshot", "sound");
    const points = await engine.count("sound");
    await mkdir(stuck);
    const location = `file://${join(folder, "snapshots", "sound", name)}`;
    expect(await askEngine(engine, "recoverSnapshot", "sound", { location })).toBe(true);
    expect(await engine.count("sound")).toBe(points);
    await engine.close();
    await rmdir(stuck);
    await using again = await openEngine(folder);
    expect(again.damaged.size).toBe(0);
    expect(await again.count("sound")).toBe(points);
  });

  it("of a newer format is refused with its number, and left as it is", async () => {
    await fill();
    const database = new DatabaseSync(join(folder, "engine.sqlite"));
    database.exec("UPDATE meta SET value = '9' WHERE key = 'format'");
    database.close();
    await expect(openEngine(folder)).rejects.toMatchObject({
      code: "E_NOT_SUPPORTED",
      details: { format: 9 },
    });
  });

  it("that holds other things is refused and not written to", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "chroma.sqlite3"), "x");
    await expect(openEngine(folder)).rejects.toMatchObject({ code: "E_CONFIG" });
    expect(await readdir(folder)).toEqual(["chroma.sqlite3"]);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "that cannot be written is refused with a code",
    async () => {
      await mkdir(folder);
      await chmod(folder, 0o500);
      await expect(openEngine(folder)).rejects.toMatchObject({ code: "E_CONFIG" });
    },
  );

  it("that a process has open is refused to a second one with its pid, until that one is gone", async () => {
    const child = spawn(process.execPath, programFile(asker, folder), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(openEngine(folder)).rejects.toMatchObject({
      code: "E_LOCKED",
      details: { pid: child.pid },
    });
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
    await using engine = await openEngine(folder);
    expect(engine.damaged.size).toBe(0);
    await expect(openEngine(folder)).rejects.toMatchObject({
      code: "E_LOCKED",
      details: { pid: process.pid },
    });
  });
});

describe("a program that is given on the command line", () => {
  // V8's flags are handed on to a thread, and refused where a thread is given them by name.
  const memory = "--max-old-space-size=512";
  const type = "--input-type=module";
  it.for([
    [type],
    [type, memory],
    ["--input-type", "module"],
    ["--input-type=module-typescript"],
    [memory],
  ])("opens a folder in a thread with all flags, with %j", async (flags) => {
    const threads = join(folder, "../threads");
    const loaded = `import { appendFileSync } from "node:fs";
      appendFileSync(${JSON.stringify(threads)}, "thread ");`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(loaded)}`;
    const index = JSON.stringify(new URL("../../src/engine/index.ts", import.meta.url));
    const program = `import { openEngine } from ${index};
      const engine = await openEngine(${JSON.stringify(folder)});
      await engine.createCollection("a", { vectors: { size: 2, distance: "Dot" } });
      console.log((await engine.listCollections()).join());
      await engine.close();`;
    const child = spawn(process.execPath, [...flags, preload, "--eval", program]);
    let printed = "";
    child.stdout.on("data", (text: Buffer) => {
      printed += text.toString();
    });
    const [status] = await once(child, "close");
    expect([status, printed]).toEqual([0, "a\n"]);
    expect(await readFile(threads, "utf8")).toBe("thread thread ");
  });
});
