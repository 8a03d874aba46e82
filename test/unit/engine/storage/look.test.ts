import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  lookAtPoints,
  lookForPoints,
  lookIntoFolder,
  openEngine,
} from "../../../../src/engine/index.ts";
import { fileList } from "../../../support/fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-look-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const uuid = "11111111-2222-4333-8444-555555555555";

async function filled(path: string): Promise<void> {
  await using engine = await openEngine(path);
  await engine.createCollection("ants", { vectors: { size: 2, distance: "Dot" } });
  await engine.createPayloadIndex("ants", "city", "keyword");
  await engine.upsert("ants", {
    ids: ["18446744073709551615", uuid],
    vectors: new Map([
      ["", { kind: "dense", dimension: 2, data: new Float32Array(4).fill(1), present: null }],
    ]),
    payloads: ['{"n":1}', null],
  });
}

describe("a look into an engine's folder", () => {
  it("finds nothing where nothing is, and makes nothing", () => {
    const path = join(folder, "none");
    expect(lookIntoFolder(path)).toEqual({ folder: path, lock: null, collections: [] });
    expect(lookIntoFolder(folder).collections).toEqual([]);
    expect(fileList(folder)).toEqual([]);
  });

  it("finds collections and points, and changes nothing", async () => {
    await filled(folder);
    const before = fileList(folder);
    const [ants, ...more] = lookIntoFolder(folder).collections;
    expect(more).toEqual([]);
    expect(JSON.parse(ants?.description ?? "")).toMatchObject({
      points_count: 2,
      payload_schema: { city: {} },
      config: { params: { vectors: { size: 2, distance: "Dot" } } },
    });
    const path = ants?.path ?? "";
    expect(lookAtPoints(path, 10)).toEqual({
      points: ["18446744073709551615", uuid],
      payloads: ['{"n":1}', null],
    });
    expect(lookAtPoints(path, 1).points).toHaveLength(1);
    expect(lookForPoints(path, ["7", uuid, "11111111-1111-1111-1111-111111111111"])).toEqual({
      points: [uuid],
      payloads: [null],
    });
    expect(fileList(folder)).toEqual(before);
  });

  it("tells who has it open, and takes what stands in the log alone for unknown, not for damaged", async () => {
    await using engine = await openEngine(folder);
    await engine.createCollection("ants", { vectors: { size: 2, distance: "Dot" } });
    const { lock, collections } = lookIntoFolder(folder);
    expect(lock).toEqual({ pid: process.pid, alive: true });
    expect(collections).toEqual([]);
  });

  it("names what is damaged, of another format, or another's", async () => {
    await filled(folder);
    const { collections } = lookIntoFolder(folder);
    writeFileSync(collections[0]?.path ?? "", "no database, and long enough to be taken for one");
    expect(() => lookIntoFolder(folder)).toThrow(expect.objectContaining({ code: "E_STORAGE" }));
    const strange = join(folder, "collections");
    expect(() => lookIntoFolder(strange)).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
  });
});
