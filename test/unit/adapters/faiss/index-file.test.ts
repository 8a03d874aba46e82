import { describe, expect, it } from "vitest";
import {
  assertIdCount,
  encodeHead,
  encodeIdCount,
  idsAt,
  indexBytes,
  parseHead,
  vectorsAt,
} from "../../../../src/adapters/faiss/index-file.ts";
import { readProjectFile } from "../../../support/files.ts";

/** Files that faiss 1.15.1 wrote, as hex digits: two vectors of three components, or none. */
const recorded: { files: Record<string, string> } = JSON.parse(
  readProjectFile("test/fixtures/faiss/index-files.json"),
);
const files = Object.entries(recorded.files).map(
  ([name, hex]) => [name, Buffer.from(hex, "hex")] as const,
);
const read = files.filter(([name]) => name !== "IndexHNSWFlat" && name !== "IndexFlat of L1");
const bytesOf = (name: string): Buffer => Buffer.from(recorded.files[name] ?? "", "hex");

describe("an index file of faiss", () => {
  it.each(read)("%s is read as what it is, and written byte for byte", (name, bytes) => {
    const head = parseHead(bytes.subarray(0, 82), bytes.length);
    const count = name.endsWith("empty") ? 0 : 2;
    const idMap = name.startsWith("IndexIDMap2")
      ? "IxM2"
      : name.startsWith("IndexIDMap")
        ? "IxMp"
        : null;
    expect(head).toEqual({ metric: name.includes("IP") ? "ip" : "l2", dimension: 3, count, idMap });
    expect(indexBytes(head)).toBe(bytes.length);
    const vectors = bytes.subarray(vectorsAt(head), vectorsAt(head) + count * 12);
    if (count > 0) {
      const floats = new Float32Array(Uint8Array.from(vectors).buffer);
      const [large, small] = [3.4e38, -1e-45].map(Math.fround);
      expect([...floats]).toEqual([1, -0, 0.5, large, small, 2]);
    }
    const parts = [encodeHead(head), vectors];
    if (idMap !== null) {
      assertIdCount(bytes.subarray(idsAt(head) - 8), head);
      parts.push(encodeIdCount(head), bytes.subarray(idsAt(head)));
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  it.each([
    ["IndexHNSWFlat", "an HNSW index"],
    ["IndexFlat of L1", "a flat index of another metric"],
  ])("%s is told by its kind and refused", (name, words) => {
    const bytes = bytesOf(name);
    expect(() => parseHead(bytes, bytes.length)).toThrow(words);
  });

  it("whose sizes do not fit its length is refused, wherever one byte was changed", () => {
    const whole = bytesOf("IndexIDMap of IndexFlatIP");
    const head = parseHead(whole, whole.length);
    const unread = (at: number): boolean =>
      (at % 37 >= 16 && at % 37 < 32) || at >= vectorsAt(head);
    for (let at = 0; at < vectorsAt(head); at += 1) {
      if (unread(at)) continue;
      for (const mask of [1, 0x80]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
        let same = false;
        try {
          same = JSON.stringify(parseHead(bytes, bytes.length)) === JSON.stringify(head);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
        expect(same, `byte ${at}`).toBe(false);
      }
    }
  });

  it("that is cut short or longer than it says is refused", () => {
    for (const [, bytes] of read) {
      for (const length of [0, 3, 36, 44, bytes.length - 1, bytes.length + 1]) {
        if (length === bytes.length) continue;
        const part = bytes.subarray(0, Math.min(length, 82));
        expect(() => parseHead(part, length)).toThrow(SyntaxError);
      }
    }
  });

  it("that promises more than any disk holds is refused without a number too large", () => {
    const bytes = bytesOf("IndexFlatL2");
    bytes.writeBigInt64LE(2n ** 62n, 8);
    expect(() => parseHead(bytes, bytes.length)).toThrow(SyntaxError);
    bytes.writeBigInt64LE(2n ** 52n, 8);
    expect(() => parseHead(bytes, bytes.length)).toThrow("need");
  });
});
