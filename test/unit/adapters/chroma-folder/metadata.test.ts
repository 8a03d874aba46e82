import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { canonicalJson } from "../../../../src/util/canonical.ts";
import { makeFolder } from "../../../support/make-folder.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "vecferry-metadata-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a folder's metadata", () => {
  it("keeps every type and every character, in keys and in values", async () => {
    const made = [
      {
        id: "types",
        document: "a document",
        metadata: {
          whole: 2,
          "whole float": { float: 2 },
          float: { float: 0.1 },
          small: { float: 5e-324 },
          yes: true,
          no: false,
          text: "chroma:document",
          "": "",
        },
      },
      {
        id: "characters",
        document: 'quotes " and \\ and \0 and é',
        metadata: { "a\0b": "c\0d\u0001\n", 'q"\\': '"\\/', "😀": "\u007f\u2028" },
      },
      { id: "float and NUL", document: "", metadata: { "f\0": { float: -1.5 }, g: "x" } },
      { id: "infinite", document: "", metadata: { i: { float: Number.POSITIVE_INFINITY }, j: 1 } },
      { id: "nothing", document: "", metadata: {} },
    ];
    makeFolder(folder, { records: made.length, dimension: 2, made });
    await using store = await openChromaFolder(folder);
    const [collection] = await store.collections();
    if (collection === undefined) throw new Error("the folder has no collection");
    const { batch, failures } = await store.read(
      collection,
      made.map(({ id }) => id),
    );
    const read = new Map(
      batch.ids.map((id, row) => [
        id,
        [batch.payload.documents[row], canonicalJson(batch.payload.metadata[row] ?? "null")],
      ]),
    );
    expect(read).toEqual(
      new Map([
        [
          "types",
          [
            "a document",
            '{"":"","float":0.1,"no":false,"small":5e-324,"text":"chroma:document","whole":2,"whole float":2.0,"yes":true}',
          ],
        ],
        [
          "characters",
          ['quotes " and \\ and \0 and é', canonicalJson(JSON.stringify(made[1]?.metadata))],
        ],
        ["float and NUL", [null, '{"f\\u0000":-1.5,"g":"x"}']],
        ["nothing", [null, "null"]],
      ]),
    );
    expect(failures).toMatchObject([{ id: "infinite", reason: "metadata-not-json" }]);
  });
});
