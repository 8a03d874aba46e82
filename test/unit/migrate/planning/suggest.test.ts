import { describe, expect, it } from "vitest";
import { suggestIndexes } from "../../../../src/migrate/planning/suggest.ts";
import { surveyCollection } from "../../../../src/migrate/survey/survey.ts";
import { FakeSource } from "../../../support/fake-store.ts";

/** What is suggested for records with this metadata. */
async function suggested(count: number, metadata: (index: number) => object) {
  const records = Array.from({ length: count }, (_, index) => ({
    id: `${index}`,
    vector: [1],
    metadata: JSON.stringify(metadata(index)),
  }));
  const source = new FakeSource([{ name: "c", distance: "l2", dimension: 1, records }]);
  const [info] = await source.collections();
  if (info === undefined) throw new Error("no collection");
  const signal = new AbortController().signal;
  return suggestIndexes(await surveyCollection(source, info, { signal }));
}

describe("suggestIndexes", () => {
  it("gives each type its index and the flag that makes it", async () => {
    const found = await suggested(300, (index) => ({
      category: `c${index % 20}`,
      year: 2000 + (index % 20),
      price: (index % 50) + 0.5,
      open: index % 2 === 0,
      day: `2026-01-0${1 + (index % 9)}`,
      tags: [`t${index % 3}`],
      owner: `6c84fb90-12c4-11e1-840d-7b25c5ee77${10 + (index % 40)}`,
      "ns:key": `v${index % 4}`,
      "it's": `v${index % 4}`,
    }));
    expect(Object.fromEntries(found.map(({ key, type, flag }) => [key, [type, flag]]))).toEqual({
      category: ["keyword", "--index category"],
      year: ["integer", "--index year:integer"],
      price: ["float", "--index price:float"],
      open: ["bool", "--index open:bool"],
      day: ["datetime", "--index day:datetime"],
      tags: ["keyword", "--index tags"],
      owner: ["uuid", "--index owner:uuid"],
      "ns:key": ["keyword", "--index ns:key:keyword"],
      "it's": ["keyword", "--index 'it'\\''s'"],
    });
  });

  it("leaves out what nobody filters by, and what a path cannot name", async () => {
    const found = await suggested(300, (index) => ({
      title: `a different title for each, number ${index}`,
      text: `${"long ".repeat(20)}${index % 5}`,
      constant: "same",
      mixed: index % 2 === 0 ? index : `${index}`,
      "a.b": index % 3,
      "a[]": index % 3,
      nothing: null,
    }));
    expect(found).toEqual([]);
  });
});
