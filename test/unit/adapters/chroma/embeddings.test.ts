import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanEmbeddings } from "../../../../src/adapters/chroma/embeddings.ts";

const seed = randomInt(2 ** 31);

/** Scans a column that does not stand at the beginning. */
function scan(text: string, rowsMax: number, dimension: number) {
  const { column, end } = scanEmbeddings(Buffer.from(`{"e":${text}}`), 5, { rowsMax, dimension });
  expect(end).toBe(5 + text.length);
  return column;
}

type Row = readonly (number | null)[] | null;
/** As most of a vector's components are: 8 to 11 digits behind the point. */
const usual = fc
  .tuple(fc.integer({ min: -(10 ** 11), max: 10 ** 11 }), fc.integer({ min: 8, max: 11 }))
  .map(([part, places]) => Number((part / 1e11).toFixed(places)));
const component = fc.oneof(
  { weight: 60, arbitrary: usual },
  { weight: 30, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 5, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(null, 1e39, -3.4028235677973366e38) },
);
const rowOf = (dimension: number): fc.Arbitrary<Row> =>
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.array(component, { minLength: dimension, maxLength: dimension }),
    },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.array(component, { maxLength: dimension + 2 }) },
  );

/** What JSON.parse and Math.fround make of a row. */
function expected(row: Row, dimension: number) {
  if (row === null) return { kind: "none" };
  if (row.length !== dimension || row.length === 0) return { kind: "length", length: row.length };
  const rounded = row.map((value) => Math.fround(value ?? Number.NaN));
  const bad = rounded.findIndex((value) => !Number.isFinite(value));
  return bad < 0 ? rounded : { kind: "not-finite", component: bad };
}

describe("scanEmbeddings", () => {
  it(`gives the rows that JSON.parse and Math.fround give, and names the others (seed ${seed})`, () => {
    const columns = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.boolean())
      .chain(([dimension, known]) =>
        fc.tuple(
          fc.constant(dimension),
          fc.constant(known),
          fc.array(rowOf(dimension), { maxLength: 8 }),
          fc.constantFrom("", " ", "\n"),
        ),
      );
    fc.assert(
      fc.property(columns, ([dimension, known, rows, indent]) => {
        const text = JSON.stringify(rows, null, indent);
        const parsed = JSON.parse(text) as Row[];
        const column = scan(text, rows.length, known ? dimension : 0);
        const first = rows.find((row) => row !== null && row.length > 0)?.length ?? 0;
        expect(column.dimension).toBe(known ? dimension : first);
        expect(column.rows).toBe(rows.length);
        const found = rows.map(
          (_, row) =>
            column.odd.get(row) ??
            Array.from(column.data.subarray(row * column.dimension, (row + 1) * column.dimension)),
        );
        expect(found).toEqual(parsed.map((row) => expected(row, column.dimension)));
      }),
      { seed, numRuns: 3000 },
    );
  });

  it("rounds once, to float32, what a double would round first", () => {
    // Just above the middle of two float32: a double of it stands exactly on the middle, and so does what Number gives.
    const texts = ["1.00000005960464477539062501", "16777217.0", "0.1", "-0.0", "1e-46", "7.1e-46"];
    const { data } = scan(`[[${texts.join(",")}]]`, 1, texts.length);
    texts.forEach((text, at) => {
      expect(Object.is(data[at], Math.fround(Number(text))), text).toBe(true);
    });
  });

  it.each([
    ["nothing", "null"],
    ["an object", "{}"],
    ["a number for a row", "[1]"],
    ["a text for a row", '["[1,2]"]'],
    ["an object for a row", '[{"0":1}]'],
    ["a text for a component", '[[1,"2"]]'],
    ["true for a component", "[[1,true]]"],
    ["a vector within a vector", "[[1,[2]]]"],
    ["more rows than were asked for", "[[1,2],[1,2],[1,2]]"],
  ])("refuses %s", (_what, text) => {
    for (const dimension of [0, 2])
      expect(() => scan(text, 2, dimension)).toThrow(
        expect.objectContaining({ code: "E_BAD_RESPONSE" }),
      );
  });

  it.each([
    "[[1,2]",
    "[[1,2",
    "[[1,",
    "[[",
    "[",
    "[[1,2],",
    "[[1,2],]",
    "[[1 2]]",
    "[[,1]]",
    "[[1,]]",
    "[[01,2]]",
    "[[1.,2]]",
    "[[.5,2]]",
    "[[+1,2]]",
    "[[-,2]]",
    "[[1e,2]]",
    "[[NaN,2]]",
    "[[nul,2]]",
    "[[nullx,2]]",
    "[[1,2][1,2]]",
    "[[1,2}]",
    "[null,nul]",
    "[[1,2]x",
    "[[1,2x]]",
    "[[1;2]]",
    "[[Infinity,2]]",
    "[[1,-]]",
  ])("takes %s for malformed or refuses it", (text) => {
    for (const dimension of [0, 2])
      expect(() => scanEmbeddings(Buffer.from(text), 0, { rowsMax: 9, dimension })).toThrow(
        /malformed JSON|not what Chroma answers/,
      );
  });
});
