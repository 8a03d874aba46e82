import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { listen } from "../../../src/server/index.ts";
import { createServer, type QdrantApp } from "../../../src/server/server.ts";

interface Answer {
  readonly status: number;
  readonly result: unknown;
  readonly error: string | undefined;
}

async function ask(app: QdrantApp, method: string, path: string, body?: unknown): Promise<Answer> {
  const init = body instanceof FormData ? { body } : { body: JSON.stringify(body) };
  const answer = await app.request(`http://localhost${path}`, {
    method,
    ...(body === undefined ? {} : init),
  });
  const text = await answer.text();
  const { result, status } = text.startsWith("{") ? JSON.parse(text) : {};
  return { status: answer.status, result, error: status?.error };
}

function form(bytes: Uint8Array, name: string): FormData {
  const data = new FormData();
  data.append("other", "a field that is passed over");
  data.append("snapshot", new Blob([new Uint8Array(bytes)]), name);
  return data;
}

async function fill(app: QdrantApp, name: string, text: string): Promise<void> {
  const config = { vectors: { size: 2, distance: "Dot" }, sparse_vectors: { words: {} } };
  await ask(app, "PUT", `/collections/${name}`, config);
  await ask(app, "PUT", `/collections/${name}/index`, {
    field_name: "text",
    field_schema: "keyword",
  });
  const points = Array.from({ length: 50 }, (_unused, id) => ({
    id,
    vector: { "": [id, 1], words: { indices: [id, 1000], values: [1, 0.5] } },
    payload: { text, id },
  }));
  const { status } = await ask(app, "PUT", `/collections/${name}/points?wait=true`, { points });
  expect(status).toBe(200);
}

function count(app: QdrantApp, name: string, text: string): Promise<Answer> {
  const filter = { must: [{ key: "text", match: { value: text } }] };
  return ask(app, "POST", `/collections/${name}/points/count`, { filter });
}

describe.each(["a folder", "memory"])("snapshots of an engine in %s", (place) => {
  let folder: string;
  let engine: Engine;
  let app: QdrantApp;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "vecferry-snapshot-"));
    engine = await openEngine(place === "memory" ? ":memory:" : folder);
    app = createServer(engine);
    await fill(app, "ants", "first");
  });
  afterEach(async () => {
    await engine.close();
    if (place === "memory") expect(existsSync(engine.snapshots)).toBe(false);
    rmSync(folder, { recursive: true, force: true });
  });

  it("are made, listed, downloaded, recovered over a collection and into a new one, and deleted", async () => {
    const made = await ask(app, "POST", "/collections/ants/snapshots");
    const { name, size, checksum } = made.result as {
      name: string;
      size: number;
      checksum: string;
    };
    expect(made.result).toEqual({
      name: expect.stringMatching(/^ants-.*\.snapshot$/),
      creation_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      size,
      checksum,
    });
    expect((await ask(app, "GET", "/collections/ants/snapshots")).result).toEqual([made.result]);
    const path = `/collections/ants/snapshots/${name}`;
    const answer = await app.request(`http://localhost${path}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes.length).toBe(size);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(checksum);

    await ask(app, "POST", "/collections/ants/points/delete?wait=true", { filter: {} });
    await fill(app, "ants", "second");
    expect((await count(app, "ants", "second")).result).toEqual({ count: 50 });
    const location = `file://${join(engine.snapshots, "ants", name)}`;
    const recovered = await ask(app, "PUT", "/collections/ants/snapshots/recover", { location });
    expect(recovered).toMatchObject({ status: 200, result: true });
    expect((await count(app, "ants", "first")).result).toEqual({ count: 50 });
    expect((await count(app, "ants", "second")).result).toEqual({ count: 0 });

    const upload = `/collections/bees/snapshots/upload?priority=snapshot&checksum=${checksum}`;
    expect(await ask(app, "POST", upload, form(bytes, "../../mine.snapshot"))).toMatchObject({
      status: 200,
      result: true,
    });
    expect((await ask(app, "GET", "/collections/bees/snapshots")).result).toEqual([
      { name: "mine.snapshot", creation_time: expect.any(String), size },
    ]);
    expect((await count(app, "bees", "first")).result).toEqual({ count: 50 });
    const query = { indices: [7], values: [1] };
    const found = await ask(app, "POST", "/collections/bees/points/query", {
      query,
      using: "words",
      limit: 1,
    });
    expect(found.result).toMatchObject({ points: [{ id: 7, score: 1 }] });

    expect((await ask(app, "DELETE", path)).result).toBe(true);
    expect((await ask(app, "DELETE", path)).status).toBe(404);
    expect((await ask(app, "GET", "/collections/ants/snapshots")).result).toEqual([]);
  });

  it("of everything hold each collection, which is recovered by its name", async () => {
    await fill(app, "bees", "of bees");
    const made = await ask(app, "POST", "/snapshots");
    const { name } = made.result as { name: string };
    expect(name).toMatch(/^full-snapshot-/);
    expect((await ask(app, "GET", "/snapshots")).result).toEqual([made.result]);
    expect((await app.request(`http://localhost/snapshots/${name}`)).status).toBe(200);
    await ask(app, "DELETE", "/collections/bees");
    const location = `file://${join(engine.snapshots, name)}`;
    const recover = "/collections/bees/snapshots/recover";
    expect((await ask(app, "PUT", recover, { location })).result).toBe(true);
    expect((await count(app, "bees", "of bees")).result).toEqual({ count: 50 });
    expect(
      await ask(app, "PUT", "/collections/none/snapshots/recover", { location }),
    ).toMatchObject({ status: 400, error: expect.stringContaining("holds no collection `none`") });
    expect((await ask(app, "DELETE", `/snapshots/${name}`)).result).toBe(true);
  });

  it("that are no snapshots, damaged or a Qdrant server's are refused, and nothing is changed", async () => {
    const made = await ask(app, "POST", "/collections/ants/snapshots");
    const { name } = made.result as { name: string };
    const answer = await app.request(`http://localhost/collections/ants/snapshots/${name}`);
    const whole = new Uint8Array(await answer.arrayBuffer());
    const tar = new Uint8Array(10_240);
    tar.set(Buffer.from("ustar"), 257);
    const flipped = whole.slice();
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
    const newer = whole.slice();
    newer[8] = 9;
    const upload = "/collections/ants/snapshots/upload";
    for (const [bytes, words] of [
      [Buffer.from("x"), "no snapshot"],
      [new Uint8Array(0), "no snapshot"],
      [tar, "snapshot of a Qdrant server"],
      [whole.slice(0, -1), "its length"],
      [whole.slice(0, 20), "is damaged"],
      [flipped, "checksum"],
      [newer, "version 9"],
    ] as const) {
      const refused = await ask(app, "POST", upload, form(bytes, "x.snapshot"));
      expect(refused).toMatchObject({ status: 400, error: expect.stringContaining(words) });
    }
    const sum = "0".repeat(64);
    expect(
      await ask(app, "POST", `${upload}?checksum=${sum}`, form(whole, "x.snapshot")),
    ).toMatchObject({ status: 400, error: expect.stringContaining("checksum mismatch") });
    expect((await ask(app, "GET", "/collections/ants/snapshots")).result).toEqual([made.result]);
    expect((await count(app, "ants", "first")).result).toEqual({ count: 50 });
    const left = readdirSync(engine.snapshots, { recursive: true, encoding: "utf8" });
    expect(left.sort()).toEqual(["ants", `ants/${name}`, `ants/${name}.checksum`]);
  });
});

describe("snapshots", () => {
  let folder: string;
  let engine: Engine;
  let app: QdrantApp;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "vecferry-snapshot-"));
    engine = await openEngine(join(folder, "data"));
    app = createServer(engine);
    await fill(app, "ants", "first");
  });
  afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("stay inside their folder, whatever they and their collections are called", async () => {
    writeFileSync(join(folder, "data", "secret.snapshot"), "x");
    for (const name of ["..%2Fsecret.snapshot", "..%5Csecret.snapshot", "%2e%2e", "a%00b", ""]) {
      const { status } = await ask(app, "GET", `/collections/ants/snapshots/${name}x`);
      expect(status).toBe(404);
      expect((await ask(app, "DELETE", `/snapshots/${name}x`)).status).toBe(404);
    }
    for (const collection of ["..", "\ud800 ä"]) {
      await engine.createCollection(collection, { vectors: { size: 2, distance: "Dot" } });
      const asked = { operation: "createSnapshot", collection, params: {}, body: null } as const;
      expect(await engine.ask(asked)).toContain(".snapshot");
    }
    expect(readdirSync(engine.snapshots).sort()).toEqual(["%2E.", "%EF%BF%BD%20%C3%A4"]);
    expect(readdirSync(join(folder, "data")).sort()).toContain("secret.snapshot");
  });

  it("are recovered from a file of that folder alone, and from an address only where that is allowed", async () => {
    const recover = "/collections/bees/snapshots/recover";
    const made = await ask(app, "POST", "/collections/ants/snapshots");
    const { name } = made.result as { name: string };
    for (const [location, status] of [
      ["file:///etc/passwd", 403],
      [`file://${folder}/data/engine.sqlite`, 403],
      [`file://${engine.snapshots}/../engine.sqlite`, 403],
      [`file://${engine.snapshots}/ants`, 403],
      [`file://${engine.snapshots}/none`, 400],
      ["file:///etc/none", 400],
      ["file://./etc/passwd", 400],
      ["ftp://127.0.0.1/x", 400],
      ["x", 400],
      ["http://127.0.0.1:1/x", 403],
      ["HTTPS://127.0.0.1:1/x", 403],
    ] as const) {
      expect([location, (await ask(app, "PUT", recover, { location })).status]).toEqual([
        location,
        status,
      ]);
    }
    expect((await ask(app, "PUT", `${recover}?received=/etc/passwd`, {})).status).toBe(400);
    expect((await ask(app, "GET", "/collections/bees/exists")).result).toEqual({ exists: false });
    await using server = await listen(app, { port: 0 });
    const allowing = createServer(engine, { urlRecovery: true });
    const from = `${server.url}/collections/ants/snapshots/${name}`;
    expect(await ask(allowing, "PUT", recover, { location: from })).toMatchObject({ result: true });
    expect((await count(app, "bees", "first")).result).toEqual({ count: 50 });
    expect(await ask(allowing, "PUT", recover, { location: `${from}x` })).toMatchObject({
      status: 400,
      error: expect.stringContaining("404"),
    });
    expect(await ask(allowing, "PUT", recover, { location: "http://127.0.0.1:1/x" })).toMatchObject(
      {
        status: 500,
      },
    );
  });

  it("are for their owner alone, and not waited for where that is not wanted", async () => {
    expect((await ask(app, "POST", "/collections/ants/snapshots?wait=false")).status).toBe(202);
    await engine.listCollections();
    expect(statSync(engine.snapshots).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(engine.snapshots, "ants")))
      expect(statSync(join(engine.snapshots, "ants", name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(engine.snapshots, "ants"))).toHaveLength(2);
  });

  it("take multipart bodies alone, with the field that is wanted", async () => {
    const upload = "/collections/ants/snapshots/upload";
    expect((await ask(app, "POST", upload, { a: 1 })).status).toBe(415);
    const none = new FormData();
    none.append("other", "x");
    expect((await ask(app, "POST", upload, none)).status).toBe(400);
    const cut = await app.request(`http://localhost${upload}`, {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: '--b\r\nContent-Disposition: form-data; name="snapshot"; filename="x"\r\n\r\nVFSN',
    });
    expect(cut.status).toBe(400);
    expect(readdirSync(engine.snapshots)).toEqual([]);
  });
});
