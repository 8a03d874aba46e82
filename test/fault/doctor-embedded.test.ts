import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { codesOf, examine, only } from "../support/doctor-scene.ts";
import { fileList } from "../support/fixtures.ts";
import { startStub } from "../support/stub.ts";
import { stubChroma } from "../support/stub-chroma.ts";

describe("doctor on an embedded Qdrant", () => {
  it("makes none, and opens none that another process has", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vecferry-doctor-"));
    try {
      expect(codesOf(await examine({ target: `embedded:${join(folder, "new")}` }))).toEqual([]);
      await using engine = await openEngine(join(folder, "open"));
      await engine.createCollection("ants", { vectors: { size: 2, distance: "Dot" } });
      const found = only(
        await examine({ target: `embedded:${join(folder, "open")}` }),
        "target-in-use",
      );
      expect(found.evidence["pid"]).toBe(process.pid);
      await engine[Symbol.asyncDispose]();
      const after = await examine({ target: `embedded:${join(folder, "open")}` });
      expect(codesOf(after)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("finds points of others in its files, without opening them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vecferry-doctor-"));
    try {
      const path = join(folder, "q");
      await using engine = await openEngine(path);
      await engine.createCollection("things", { vectors: { size: 2, distance: "Cosine" } });
      await using stub = await startStub(
        stubChroma({ api: "v2", records: [{ id: "a", embedding: [1, 2] }] }),
      );
      const column = {
        kind: "dense",
        dimension: 2,
        data: Float32Array.of(1, 0),
        present: null,
      } as const;
      await engine.upsert("things", {
        ids: ["7"],
        vectors: new Map([["", column]]),
        payloads: ['{"mine":true}'],
      });
      await engine[Symbol.asyncDispose]();
      const before = fileList(folder);
      const both = { source: stub.url.replace(/^http/, "chroma"), target: `embedded:${path}` };
      const found = only(await examine(both), "foreign-points");
      expect(found).toMatchObject({
        collection: "things",
        evidence: { point: "7", points: 1, looked: 1 },
      });
      expect(fileList(folder)).toEqual(before);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("names a folder that holds other things, or is damaged", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vecferry-doctor-"));
    try {
      writeFileSync(join(folder, "stranger"), "");
      expect(codesOf(await examine({ target: `embedded:${folder}` }))).toEqual(["setting-wrong"]);
      writeFileSync(
        join(folder, "engine.sqlite"),
        "no database, and long enough to be looked at as one",
      );
      expect(codesOf(await examine({ target: `embedded:${folder}` }))).toEqual(["target-damaged"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
