import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PickleError, readPickle } from "../../../../src/adapters/chroma-folder/pickle.ts";
import { temporaryFolder } from "../../../support/fixtures.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const short = (text: string) =>
  Buffer.concat([Buffer.from([0x8c, Buffer.byteLength(text)]), Buffer.from(text)]);

/** What CPython's pickle.dumps(protocol=5) gives for a PersistentData with the given id_to_label. */
function pythonPickle(labels: Buffer): Buffer {
  return Buffer.concat([
    hex("80 05 95 0000000000000000"),
    short("chromadb.segment.impl.vector.local_persistent_hnsw"),
    hex("94"),
    short("PersistentData"),
    hex("94 93 94 29 81 94 7d 94 28"),
    short("dimensionality"),
    hex("94 4b 10"),
    short("total_elements_added"),
    hex("94 4d e803"),
    short("max_seq_id"),
    hex("94 8a 05 0000000001"),
    short("id_to_label"),
    hex("94 7d 94"),
    labels,
    short("label_to_id"),
    hex("94 7d 94 75 62 2e"),
  ]);
}

async function read(bytes: Buffer) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index_metadata.pickle");
  writeFileSync(path, bytes);
  const entries: unknown[] = [];
  const reading = readPickle(path, (group) => entries.push(...group));
  for (;;) {
    const step = reading.next();
    if (step.done) return { entries, summary: step.value };
  }
}

describe("the pickle of the vector index", () => {
  it("of one entry, which Python writes without a group, is read", async () => {
    const { entries, summary } = await read(
      pythonPickle(Buffer.concat([short("a"), hex("94 4b 01 73")])),
    );
    expect(entries).toEqual(["a", 1]);
    expect(summary).toEqual({ maxSeqId: 2 ** 32, entries: 1 });
  });

  it("of no entry is read", async () => {
    expect((await read(pythonPickle(Buffer.alloc(0)))).summary.entries).toBe(0);
  });

  it("keeps ids that look like field names, repeat one, are empty, or have NUL bytes", async () => {
    const labels = Buffer.concat([
      hex("28"),
      ...["label_to_id", "max_seq_id", "", "a\0b", "🙂"].flatMap((id, at) => [
        short(id),
        hex("94"),
        Buffer.from([0x4b, at]),
      ]),
      // Python names the text "dimensionality" again by its number, where an id is that very object.
      hex("68 05 4b 09 75"),
    ]);
    const { entries, summary } = await read(pythonPickle(labels));
    expect(entries).toEqual([
      "label_to_id",
      0,
      "max_seq_id",
      1,
      "",
      2,
      "a\0b",
      3,
      "🙂",
      4,
      "dimensionality",
      9,
    ]);
    expect(summary.maxSeqId).toBe(2 ** 32);
  });

  it("reads an id that is longer than a chunk", async () => {
    const id = "x".repeat(3 << 20);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(id.length);
    const labels = Buffer.concat([
      hex("28 58"),
      length,
      Buffer.from(id),
      hex("94 4b 07"),
      short("b"),
      hex("94 4b 08 75"),
    ]);
    expect((await read(pythonPickle(labels))).entries).toEqual([id, 7, "b", 8]);
  });

  it("cut anywhere before the end of id_to_label is a PickleError, and so is any byte more or less", async () => {
    const whole = pythonPickle(
      Buffer.concat([hex("28"), short("a"), hex("94 4b 01"), short("b"), hex("94 4b 02 75")]),
    );
    const end = whole.indexOf("label_to_id") + "label_to_id".length;
    for (let length = 0; length < end; length += 1) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow(PickleError);
    }
    expect((await read(whole.subarray(0, end))).entries).toEqual(["a", 1, "b", 2]);
  });

  it("that runs code, is endless or names nothing is refused", async () => {
    for (const bytes of [
      "63 6f730a73797374656d0a 52 2e",
      "80 05 7d 28 68 63",
      "28".repeat(70_000),
      "8d ffffffffffffff00",
      "75",
    ]) {
      await expect(read(hex(bytes))).rejects.toThrow(PickleError);
    }
  });
});
