/** Folders that earlier versions of vecferry wrote, each left by a kill, and what those versions answered from them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { type UnpackedFolder, unpack } from "../support/fixtures.ts";

const fixtures = join(import.meta.dirname, "../fixtures/engine");

interface RecordedVectors {
  readonly dimension: number;
  /** float32, little-endian, base64. */
  readonly data: string;
  readonly present: string | null;
}

interface Recorded {
  readonly description: string;
  readonly ids: string[];
  readonly payloads: (string | null)[];
  readonly vectors: { readonly [name: string]: RecordedVectors };
}

describe.each(readdirSync(fixtures))("a folder of %s", (format) => {
  const bytes = readFileSync(join(fixtures, format, "answers.json.gz"));
  const recorded: { [name: string]: Recorded } = JSON.parse(gunzipSync(bytes).toString());
  let folder: UnpackedFolder;
  beforeAll(async () => {
    folder = await unpack(join(fixtures, format, "folder.tar.gz"));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  // The first opening finds the logs of a kill, the second what the first made of them.
  it.each(["first", "second"])("has everything in it at the %s opening", async () => {
    await using engine = await openEngine(folder.path);
    expect(engine.damaged.size).toBe(0);
    expect(await engine.listCollections()).toEqual(Object.keys(recorded));
    for (const [name, { description, ids, payloads, vectors }] of Object.entries(recorded)) {
      const { points_count, config, payload_schema } = JSON.parse(description);
      expect(await engine.getCollection(name)).toMatchObject({
        points_count,
        payload_schema,
        config: {
          params: { vectors: config.params.vectors },
          ...("metadata" in config ? { metadata: config.metadata } : {}),
        },
      });
      const page = await engine.scroll(name, { limit: 1000, withVector: true });
      expect(page.ids).toEqual(ids);
      expect(page.payloads).toEqual(payloads);
      expect([...page.vectors.keys()].sort()).toEqual(Object.keys(vectors).sort());
      for (const [vector, column] of page.vectors) {
        if (column.kind !== "dense") throw new TypeError(vector);
        const { buffer, byteOffset, byteLength } = column.data;
        expect({
          dimension: column.dimension,
          data: Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
          present: column.present === null ? null : [...column.present].join(""),
        }).toEqual(vectors[vector]);
      }
    }
  });

  it("finds by its payload indexes, and takes more", async () => {
    await using engine = await openEngine(folder.path);
    const must = [
      { key: "city", match: { value: "東京" } },
      { key: "n", range: { lt: 60 } },
    ];
    const expected = (recorded["ants"]?.payloads ?? []).filter((payload) => {
      const { city, n } = JSON.parse(payload ?? "{}");
      return city === "東京" && n < 60;
    });
    expect(expected.length).toBeGreaterThan(10);
    expect(await engine.count("ants", { must })).toBe(expected.length);
    const data = Float32Array.from({ length: 8 }, (_unused, at) => at);
    await engine.upsert("ants", {
      ids: ["1000000"],
      vectors: new Map([["", { kind: "dense", dimension: 8, data, present: null }]]),
      payloads: ['{"city":"東京","n":1}'],
    });
    expect(await engine.count("ants", { must })).toBe(expected.length + 1);
    expect((await engine.search("ants", { vector: data, limit: 1 })).ids).toEqual(["1000000"]);
  });
});
