import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readQueries } from "../../../../src/migrate/compare/query-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-queries-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Npy {
  readonly descr?: string;
  readonly order?: string;
  readonly shape?: string;
  readonly version?: 1 | 2;
  readonly data?: Uint8Array;
}

/** A NumPy file as `numpy.save` writes it: the header is padded so that the data begin at a multiple of 64. */
function npy({ descr = "<f4", order = "False", shape = "(2, 3)", version = 1, data }: Npy): Buffer {
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const padded = `${dict.padEnd(Math.ceil((start + dict.length + 1) / 64) * 64 - start - 1)}\n`;
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntLE(padded.length, 0, lengthBytes);
  const body = data ?? new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 0.1).buffer);
  const magic = Buffer.from([0x93, ...Buffer.from("NUMPY"), version, 0]);
  return Buffer.concat([magic, length, Buffer.from(padded), body]);
}

const bytes = (array: Float32Array | Float64Array) => new Uint8Array(array.buffer);

describe("queries from a file", () => {
  it("are JSON arrays, one a line, blank lines left out", async () => {
    const path = file("good.jsonl", "[1, 2.5, -3]\n\n[0.1,1e-3,0]\r\n");
    expect(await readQueries(path)).toEqual({
      count: 2,
      dimension: 3,
      data: Float32Array.of(1, 2.5, -3, 0.1, 1e-3, 0),
    });
  });

  it("may begin with a byte order mark", async () => {
    expect(await readQueries(file("bom.jsonl", "\uFEFF[1, 2]\n[3, 4]\n"))).toMatchObject({
      count: 2,
      data: Float32Array.of(1, 2, 3, 4),
    });
  });

  it("are NumPy arrays of float32 and float64, of one dimension or two, in either version of the header", async () => {
    const expected = { count: 2, dimension: 3, data: Float32Array.of(1, 2, 3, 4, 5, 0.1) };
    const wide = bytes(Float64Array.of(1, 2, 3, 4, 5, 0.1));
    expect(await readQueries(file("a.npy", npy({})))).toEqual(expected);
    expect(await readQueries(file("b.npy", npy({ version: 2 })))).toEqual(expected);
    expect(await readQueries(file("c.npy", npy({ descr: "<f8", data: wide })))).toEqual(expected);
    expect(await readQueries(file("d.npy", npy({ shape: "(6,)" })))).toMatchObject({
      count: 1,
      dimension: 6,
    });
  });

  const broken: readonly (readonly [what: string, content: string | Uint8Array, said: RegExp])[] = [
    ["an empty file", "", /is empty/],
    ["a file of blank lines", "\n \n", /holds no vector/],
    ["a line that is no JSON", "[1,2]\n[1,", /no array of numbers in line 2/],
    ["an object", '{"vector":[1]}', /no array of numbers in line 1/],
    ["an empty array", "[]", /no array of numbers in line 1/],
    ["a text among the numbers", '[1,"2"]', /no number in line 1 \(component 2\)/],
    ["a null, as NaN comes out of JSON", "[1,null]", /no number in line 1/],
    ["a number beyond float32", "[1,1e39]", /not finite in line 1 \(component 2\)/],
    ["NaN, as Python writes it", "[1,2]\n[1, NaN]", /has NaN, not a finite.*component 2 of line 2/],
    ["-Infinity", "[-Infinity, 2]", /has -Infinity, not a finite number, as component 1 of line 1/],
    ["two byte order marks", "\uFEFF\uFEFF[1]", /no array of numbers in line 1/],
    ["lines of two lengths", "[1,2]\n[1,2,3]", /3 components in line 2, and 2 before/],
    [
      "NaN in a NumPy array",
      npy({ data: bytes(Float32Array.of(1, 2, 3, 4, Number.NaN, 6)) }),
      /not finite in row 1 \(component 2\)/,
    ],
    ["NumPy integers", npy({ descr: "<i8" }), /type <i8/],
    ["NumPy numbers with the large end first", npy({ descr: ">f4" }), /type >f4/],
    ["Fortran's order", npy({ order: "True" }), /Fortran/],
    ["three dimensions", npy({ shape: "(1, 2, 3)" }), /not one dimension or two/],
    ["no rows", npy({ shape: "(0, 3)", data: new Uint8Array(0) }), /holds no vector/],
    ["a NumPy file that was cut", npy({}).subarray(0, -1), /shorter than its header/],
    ["a NumPy file with more behind it", Buffer.concat([npy({}), Buffer.of(0)]), /longer/],
    ["a header that is none", npy({ descr: "" }).fill(0x20, 10, 60), /header/],
  ];
  it.each(broken)("are refused for %s", async (_what, content, said) => {
    const path = file("broken", content);
    await expect(readQueries(path)).rejects.toMatchObject({
      code: "E_INPUT",
      message: expect.stringMatching(said),
    });
  });

  it("are refused by name where the file is not there", async () => {
    await expect(readQueries(join(folder, "none"))).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("ENOENT"),
    });
  });

  it("are bounded", async () => {
    const path = file("many.jsonl", "[1]\n".repeat(10_001));
    await expect(readQueries(path)).rejects.toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("more than 10000"),
    });
  });
});
