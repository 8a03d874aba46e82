import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makePlanFile } from "../../../../src/migrate/planning/make-plan.ts";
import { readPlan, writePlan } from "../../../../src/migrate/planning/plan-file.ts";
import { planJsonSchema } from "../../../../src/migrate/planning/plan-schema.ts";
import { defaultRequest } from "../../../../src/migrate/request.ts";
import { fakeCollection, fakeContext } from "../../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../../support/fake-store.ts";

const folder = mkdtempSync(join(tmpdir(), "vecferry-plan-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "plan.json");

const source = new FakeSource([fakeCollection("zoo", 20)]);
const plan = await makePlanFile(
  source,
  new FakeTarget(),
  defaultRequest,
  { sample: "all" },
  fakeContext(),
);

/** Reads the plan with one text in it replaced. */
function readEdited(from: string, to: string): unknown {
  const text = JSON.stringify(plan);
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
  return readPlan(file);
}

describe("a plan file", () => {
  it("comes back as it was written, and leaves nothing beside it", () => {
    writePlan(file, plan);
    expect(readPlan(file)).toEqual(plan);
    expect(readdirSync(folder)).toEqual(["plan.json"]);
  });

  it("may hold fields that are not known, outside of what decides", () => {
    expect(readEdited('"madeAt"', '"comment":"for Monday","madeAt"')).toEqual(plan);
  });

  it("of a newer vecferry is refused with its number", () => {
    expect(() => readEdited('"format":1', '"format":2')).toThrow(
      expect.objectContaining({
        code: "E_PLAN_FILE",
        message: expect.stringMatching(/format 2.*than 1/),
      }),
    );
  });

  it.each([
    ['"layout":"vecferry"', '"layout":"flatt"', "request.shape.layout"],
    ['"limit":null', '"limit":-5', "request.scope.limit"],
    ['"limit":null', '"limit":null,"limits":5', "request.scope"],
    ['"shards":null', '"shards":0', "request.settings.shards"],
    [
      '"quantization":null',
      '"quantization":{"kind":"magic"}',
      "request.settings.quantization.kind",
    ],
    [
      '"quantization":null',
      '"quantization":{"kind":"scalar","compression":"x4"}',
      "request.settings.quantization",
    ],
    [
      '"quantization":null',
      '"quantization":{"kind":"binary","bits":"bits2"}',
      "request.settings.quantization.bits",
    ],
    [
      '"indexes":[]',
      '"indexes":[{"key":"w","type":"integer"},{"key":"w","type":"keyword"}]',
      "request.settings.indexes[1]",
    ],
    ['"hnsw":{}', '"hnsw":{"m":1e9}', "request.settings.hnsw.m"],
    ['"replicas":null', '"replicas":1001', "request.settings.replicas"],
    ['"name":"zoo"', '"name":7', "collections[0].source.name"],
    ['"dimension":4', '"dimension":4.5', "collections[0].source.dimension"],
    ['"collections":[{', '"collections":[5,{', "collections[0]"],
    ['"address":"http://fake:8000"', '"address":null', "source.address"],
  ])("with %s edited into %s is refused, and %s is named", (from, to, field) => {
    expect(() => readEdited(from, to)).toThrow(
      expect.objectContaining({
        code: "E_PLAN_FILE",
        message: expect.stringContaining(`${field} makes no sense`),
        details: { file, field },
      }),
    );
  });

  it.each(["collections", "targets"] as const)(
    "that lists one of its %s twice is refused",
    (list) => {
      const [one] = plan[list];
      writeFileSync(file, JSON.stringify({ ...plan, [list]: [one, one] }));
      expect(() => readPlan(file)).toThrow(
        expect.objectContaining({ code: "E_PLAN_FILE", details: { file, field: `${list}[1]` } }),
      );
    },
  );

  it("whose estimate is beyond all measure is refused", () => {
    writeFileSync(file, JSON.stringify({ ...plan, estimate: { ...plan.estimate, bytes: 1e300 } }));
    expect(() => readPlan(file)).toThrow(
      expect.objectContaining({ details: { file, field: "estimate.bytes" } }),
    );
  });

  it.each([
    ["nothing", "", "not JSON"],
    ["half a plan", JSON.stringify(plan).slice(0, 500), "not JSON"],
    ["another file", '{"a":1}', "no format number"],
    ["a list", "[]", "no format number"],
  ])("that holds %s is no plan", (_, text, words) => {
    writeFileSync(file, text);
    expect(() => readPlan(file)).toThrow(
      expect.objectContaining({ code: "E_PLAN_FILE", message: expect.stringContaining(words) }),
    );
  });

  it("that is not there, is a folder, or is not UTF-8, is no plan", () => {
    const bytes = join(folder, "bytes.json");
    writeFileSync(bytes, Buffer.from([0x7b, 0xff, 0xfe]));
    for (const path of [join(folder, "none.json"), folder, bytes])
      expect(() => readPlan(path)).toThrow(expect.objectContaining({ code: "E_PLAN_FILE" }));
  });

  it("has its JSON Schema in the docs", () => {
    const page = new URL("../../../../docs/plan.schema.json", import.meta.url);
    expect(readFileSync(page, "utf8")).toBe(planJsonSchema());
  });
});
