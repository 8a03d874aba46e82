import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseMapping } from "../../../src/cli/mapping.ts";
import {
  assertNoMapping,
  mappingDraft,
  writeMappingDraft,
} from "../../../src/cli/mapping-draft.ts";
import { makePlanFile } from "../../../src/migrate/planning/make-plan.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../support/fake-store.ts";

const folder = mkdtempSync(join(tmpdir(), "vecferry-mapping-"));
afterAll(() => rmSync(folder, { recursive: true }));

const awkward = 'quote " \\ // # ü';
const source = new FakeSource([fakeCollection("zoo", 3), fakeCollection(awkward, 2)]);
const renames = new Map([[awkward, "quoted"]]);
const made = await makePlanFile(
  source,
  null,
  migrateRequest({ renames }),
  { sample: "all" },
  fakeContext(),
);
const plan = { ...made, skipped: [{ name: "empty", reason: "Nothing was written." }] };

describe("a first tenant mapping", () => {
  it("is read back by --tenant-mapping, with each collection in it, whatever its name", () => {
    expect(parseMapping(mappingDraft(plan), "draft")).toEqual(
      new Map([
        ["zoo", "zoo"],
        [awkward, awkward],
        ["empty", "empty"],
      ]),
    );
    expect(mappingDraft(plan)).toContain("// 3 records, 4 × cosine");
  });

  it("keeps the tenants that the plan has", async () => {
    const mapping = new Map([
      ["zoo", "acme"],
      [awkward, "corp"],
    ]);
    const mapped = await makePlanFile(
      source,
      new FakeTarget(),
      migrateRequest({ mapping, renames }),
      { sample: "all" },
      fakeContext(),
    );
    expect(parseMapping(mappingDraft(mapped), "draft")).toEqual(mapping);
  });

  it("is an empty mapping where there is no collection", () => {
    const none = { ...plan, collections: [], skipped: [] };
    expect(parseMapping(mappingDraft(none), "draft")).toEqual(new Map());
  });

  it("is written over nothing", () => {
    const file = join(folder, "tenants.json");
    assertNoMapping(file);
    writeMappingDraft(file, plan);
    expect(readFileSync(file, "utf8")).toBe(mappingDraft(plan));
    writeFileSync(file, "mine");
    const refused = expect.objectContaining({ code: "E_CONFIG" });
    expect(() => assertNoMapping(file)).toThrow(refused);
    expect(() => writeMappingDraft(file, plan)).toThrow(refused);
    expect(readFileSync(file, "utf8")).toBe("mine");
  });
});
