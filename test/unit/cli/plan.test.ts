import { describe, expect, it } from "vitest";
import { planText } from "../../../src/cli/output/plan.ts";
import { makePlanFile } from "../../../src/migrate/planning/make-plan.ts";
import { defaultRequest } from "../../../src/migrate/request.ts";
import { fakeCollection, fakeContext } from "../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../support/fake-store.ts";

async function text(documents: readonly string[], blank = false): Promise<string> {
  const source = new FakeSource([fakeCollection("zoo", 5), fakeCollection("bare", 0)]);
  if (blank) Object.assign(source.collection("bare"), { dimension: null });
  source.collection("zoo").records.forEach((record, index) => {
    record.document = documents[index] ?? null;
  });
  const target = new FakeTarget();
  return planText(
    await makePlanFile(source, target, defaultRequest, { sample: "all" }, fakeContext()),
  );
}

describe("a plan in words", () => {
  it("says sizes as one says them", async () => {
    expect(await text(["a"])).toMatch(/documents +1, 1 byte each(;|$)/m);
    expect(await text(["a", "bc"])).toMatch(/documents +2, 1 byte to 2 bytes, mean 2 bytes/);
  });

  it("says what is left out, and why, in two sentences", async () => {
    expect(await text([], true)).toContain("  bare: left out. Nothing was ever written to it");
  });

  it("says once that a server makes disk ahead for each collection", async () => {
    const notes = (await text([])).match(/about 172 MB of disk ahead for each collection/g);
    expect(notes).toHaveLength(1);
  });
});
