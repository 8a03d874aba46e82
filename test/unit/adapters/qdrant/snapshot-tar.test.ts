import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSnapshotTar } from "../../../../src/adapters/qdrant/snapshot-tar.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-tar-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly text?: string;
  readonly type?: string;
  /** Further blocks of a sparse entry's map. */
  readonly maps?: number;
  /** As GNU writes what octal digits do not hold. */
  readonly binary?: boolean;
}

function header({ name, text = "", type = "0", maps = 0, binary = false }: Entry): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  if (binary) {
    block[124] = 0x80;
    block.writeUInt32BE(text.length, 132);
  } else block.write(text.length.toString(8).padStart(11, "0"), 124);
  block.write(type, 156);
  block.write("ustar  ", 257);
  if (maps > 0) block[482] = 1;
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function tar(entries: readonly Entry[], end = true): Buffer {
  const parts = entries.flatMap((entry) => {
    const { text = "", maps = 0 } = entry;
    const further = Array.from({ length: maps }, (_, at) => {
      const block = Buffer.alloc(512);
      block[504] = at + 1 < maps ? 1 : 0;
      return block;
    });
    const padded = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    padded.write(text);
    return [header(entry), ...further, padded];
  });
  return Buffer.concat([...parts, ...(end ? [Buffer.alloc(1024)] : [])]);
}

function read(bytes: Uint8Array) {
  const path = join(folder, "file.snapshot");
  writeFileSync(path, bytes);
  return readSnapshotTar(path, undefined);
}

const config = { name: "config.json", text: '{"params":{"vectors":{}}}' };
const segment = { name: "0/segments/a.tar", text: "s".repeat(700) };
const collection = [
  segment,
  { name: "0/wal/open-1", text: "w".repeat(600), type: "S", maps: 3 },
  { name: "0/replica_state.json", text: "{}" },
  config,
];

describe("readSnapshotTar", () => {
  it("tells a collection, a shard and everything apart", async () => {
    expect(await read(tar(collection))).toMatchObject({
      kind: "collection",
      parts: [{ start: 0, bytes: tar(collection).length, collection: null }],
    });
    const shard = [{ name: "segments/a.tar", text: "s" }, { name: "replica_state.json" }];
    expect(await read(tar(shard))).toMatchObject({ kind: "shard" });
    const all = {
      collections_mapping: { docs: "docs-1.snapshot" },
      collections_aliases: { d: "docs" },
    };
    const inner = "i".repeat(777);
    const full = [
      { name: "././@LongLink", type: "L", text: "docs-1.snapshot\0" },
      { name: "docs", text: inner, binary: true },
      { name: "config.json", text: JSON.stringify(all) },
    ];
    const bytes = tar(full);
    const found = await read(bytes);
    expect(found).toMatchObject({ kind: "storage", aliases: new Map([["d", "docs"]]) });
    const [part] = found.parts;
    expect(part).toMatchObject({ collection: "docs", bytes: 777 });
    expect(bytes.toString("latin1", part?.start, (part?.start ?? 0) + 777)).toBe(inner);
  });

  it("names the shards that one node of a cluster did not have", async () => {
    const part = [...collection, { name: "1/replica_state.json", text: "{}" }];
    await expect(read(tar(part))).rejects.toMatchObject({
      code: "E_SNAPSHOT_FORMAT",
      message: expect.stringContaining("of 2 shards it lacks 1"),
    });
  });

  it("refuses every length but the whole one, and a header that is torn", async () => {
    const bytes = tar(collection);
    for (let length = 1; length < bytes.length - 512; length += 173) {
      const code = length < 512 ? /E_SNAPSHOT_(DAMAGED|FORMAT)/ : /E_SNAPSHOT_DAMAGED/;
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({
        code: expect.stringMatching(code),
      });
    }
    await expect(read(tar(collection, false))).rejects.toMatchObject({
      code: "E_SNAPSHOT_DAMAGED",
    });
    bytes[512 + 1024 + 3] = 0x7f;
    await expect(read(bytes)).rejects.toMatchObject({ code: "E_SNAPSHOT_DAMAGED" });
  });

  it("refuses what is no tar, and a tar of something else", async () => {
    const something = { name: "letter.txt", text: "dear" };
    for (const bytes of [Buffer.from("text ".repeat(300)), tar([something])])
      await expect(read(bytes)).rejects.toMatchObject({ code: "E_SNAPSHOT_FORMAT" });
    const broken = { name: "config.json", text: "{" };
    await expect(read(tar([segment, broken]))).rejects.toMatchObject({
      code: "E_SNAPSHOT_DAMAGED",
    });
  });
});
