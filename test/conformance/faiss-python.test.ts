/** Files that go between vecferry and the faiss library itself. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { isVectorError } from "../../src/errors.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import { FaissRepository } from "../../src/repositories.ts";
import { findCollection, scanAll } from "../../src/testing/target-bench.ts";
import { batchOf, testSpec, unitRecords } from "../../src/testing/target-records.ts";

/** A Python that has faiss-cpu and numpy. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const hasFaiss = python !== "" && spawnSync(python, ["-c", "import faiss, numpy"]).status === 0;

interface Told {
  kind: string;
  flat: string;
  dimension: number;
  count: number;
  vectors: string;
  ids: number[] | null;
}

function ask<Answer>(...words: string[]): Answer {
  const text = execFileSync(python, ["test/support/faiss-files.py", ...words], {
    encoding: "utf8",
  });
  return JSON.parse(text);
}

describe.skipIf(!hasFaiss)("faiss itself (needs FRAMEWORKS_PYTHON with faiss-cpu)", () => {
  const folder = mkdtempSync(join(tmpdir(), "vecferry-faiss-python-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("writes files that are read whole and come out byte for byte", async () => {
    const made = join(folder, "made");
    mkdirSync(made);
    const names = ask<string[]>("make", made);
    expect(names).toHaveLength(18);
    const told = ask<Told[]>("read", ...names.map((name) => join(made, name)));
    const root = join(folder, "read");
    names.forEach((name, at) => {
      mkdirSync(join(root, name), { recursive: true });
      renameSync(join(made, name), join(root, name, "index.faiss"));
      writeFileSync(join(root, name, "documents.jsonl"), "{}\n".repeat(told[at]?.count ?? 0));
    });
    const before = names.map((name) => readFileSync(join(root, name, "index.faiss")));
    {
      await using store = await openFaiss(root);
      for (const [at, name] of names.entries()) {
        const info = await findCollection(store, name);
        expect([info.dimension, info.count]).toEqual([told[at]?.dimension, told[at]?.count]);
        const points: string[] = [];
        for await (const some of store.ids(info)) points.push(...some);
        const { batch } = await store.read(info, points);
        const byId = new Map(batch.ids.map((id, row) => [id, row]));
        const ids = told[at]?.ids?.map(String) ?? Array.from(points, (_, row) => String(row));
        const data = denseVector(batch)?.data ?? new Float32Array();
        const vectors = ids.map((id) => {
          const row = byId.get(id) ?? -1;
          return Buffer.from(data.slice(row * 5, row * 5 + 5).buffer).toString("hex");
        });
        expect(vectors.join("")).toBe(told[at]?.vectors);
        // Something is written and taken away again, so that the files are written anew.
        const spec = testSpec({ name, dimension: 5, distance: info.distance ?? "l2", sources: [] });
        const passing = batchOf([{ id: "passing", vector: [1, 0, 0, 0, 0] }]);
        await store.write(spec, passing);
        await store.remove(info, { points: passing.placement.points });
      }
    }
    names.forEach((name, at) => {
      const [file = ""] = readdirSync(join(root, name)).filter((one) => one.endsWith(".faiss"));
      expect(file).toBe("index-1.faiss");
      expect(readFileSync(join(root, name, file)).equals(before[at] ?? Buffer.alloc(0)), name).toBe(
        true,
      );
    });
  }, 60_000);

  it("reads what is written, writes it byte for byte, and finds the same nearest by the lines beside it", async () => {
    const root = join(folder, "written");
    const records = unitRecords(200, 24);
    const specs = (["cosine", "ip", "l2"] as const).flatMap((distance) => [
      testSpec({ name: `${distance}-empty`, dimension: 24, distance }),
      testSpec({ name: distance, dimension: 24, distance }),
    ]);
    const found = new Map<string, string[]>();
    {
      await using store = await openFaiss(root);
      for (const spec of specs) {
        await store.ensure(spec);
        if (spec.name.endsWith("empty")) continue;
        await store.write(spec, batchOf(records));
        // Deletions and what is written over leave no trace in the order of the two files.
        const info = await findCollection(store, spec.name);
        await store.remove(info, { points: batchOf(records.slice(0, 50)).placement.points });
        await store.write(spec, batchOf(records.slice(20, 60)));
        const query = Float32Array.from(records[70]?.vector ?? []);
        const hits = await store.search(info, query, { limit: 3 });
        found.set(
          spec.name,
          hits.map(({ id }) => id),
        );
        expect(found.get(spec.name)?.[0]).toBe("unit 70");
      }
    }
    const files = specs.map(({ name }) => {
      const [file = ""] = readdirSync(join(root, name)).filter((one) => one.endsWith(".faiss"));
      return join(root, name, file);
    });
    const told = ask<Told[]>("read", ...files);
    for (const [at, { name, distance }] of specs.entries()) {
      const kind = distance === "l2" ? "IndexFlatL2" : "IndexFlatIP";
      const count = name.endsWith("empty") ? 0 : 180;
      expect(told[at]).toMatchObject({ kind, dimension: 24, count, ids: null });
      const file = files[at] ?? "";
      expect(readFileSync(`${file}.again`).equals(readFileSync(file)), name).toBe(true);
      rmSync(`${file}.again`);
      if (count === 0) continue;
      const query = JSON.stringify(records[70]?.vector);
      expect(ask("search", join(root, name), query)).toEqual(found.get(name));
    }
  }, 60_000);

  it("has its metadata.pkl converted by the two lines that the refusal gives", async () => {
    const root = join(folder, "pickled");
    mkdirSync(root);
    const vectors = ask<string>("pickle", join(root, "articles"));
    const refusal = await openFaiss(root).then(
      () => null,
      (error: unknown) => error,
    );
    if (!isVectorError(refusal, "E_FOLDER_LAYOUT")) throw refusal;
    expect(refusal.message).toContain("metadata.pkl");
    const lines = refusal.details["python"];
    if (!Array.isArray(lines)) throw new Error("no lines of Python");
    expect(lines).toHaveLength(2);
    expect(refusal.next).toContain(lines.join("\n"));
    execFileSync(python, ["-c", lines.join("\n")]);
    {
      await using repository = new FaissRepository({ path: root });
      const which = { tenantId: "acme", ids: ["doc-2"] };
      const [document] = await repository.getDocuments("articles", which);
      expect(document).toMatchObject({ content: "text 2", metadata: { n: 2, tags: ["é"] } });
    }
    await using store = await openFaiss(root);
    const info = await findCollection(store, "articles");
    expect([info.distance, info.count]).toEqual(["cosine", 3]);
    const [batch] = await scanAll(store, info);
    const row = batch?.ids.indexOf("doc-1") ?? -1;
    expect(batch?.payload.documents[row]).toBe("text 1");
    const metadata = batch?.payload.metadata[row];
    expect(metadata).toBe('{"n": 1, "score": 0.5, "tags": ["\\u00e9"]}');
    const data = (batch && denseVector(batch))?.data.slice(row * 5, row * 5 + 5);
    expect(Buffer.from(data?.buffer ?? new ArrayBuffer()).toString("hex")).toBe(
      vectors.slice(40, 80),
    );
  }, 60_000);
});
