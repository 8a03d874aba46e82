import { expect, it } from "vitest";
import { RowsById } from "../../../src/migrate/rows-by-id.ts";

const rows = ["a", "b", "c", "d"].map((id, ordinal) => ({
  ordinal,
  id,
  point: "",
  state: 0,
  digest: null,
}));

it("finds each row by its id: in order, again, after gaps, in any order, and none of others", () => {
  const byId = new RowsById(rows);
  for (const ids of ["abcd", "abcd", "acd", "dcba", "bbx", "abcd", "da"])
    expect([...ids].map((id) => byId.get(id)?.id ?? "x").join("")).toBe(ids);
  expect(new RowsById([]).get("a")).toBeUndefined();
});
