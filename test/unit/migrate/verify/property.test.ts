import { randomInt } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Scene } from "../../../support/fake-scene.ts";
import { type FakePoint, FakeTarget } from "../../../support/fake-store.ts";

const seed = randomInt(2 ** 31);

/** One alteration of a stored point; each leaves something else there than before. */
type Mutation = (point: FakePoint) => FakePoint | null;

const rewritten =
  (change: (payload: Record<string, unknown>) => void): Mutation =>
  ({ vector, payload }) => {
    const members: Record<string, unknown> = JSON.parse(payload);
    change(members);
    return { vector, payload: JSON.stringify(members) };
  };

const word = fc.string({ minLength: 1, maxLength: 8 });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant<Mutation>(() => null),
  fc.tuple(fc.nat(3), fc.nat(31)).map<Mutation>(([component, bit]) => ({ vector, payload }) => {
    const copy = Float32Array.from(vector);
    const bits = new Uint32Array(copy.buffer);
    bits[component] = ((bits[component] ?? 0) ^ (1 << bit)) >>> 0;
    return { vector: copy, payload };
  }),
  word.map((text) =>
    rewritten((members) => {
      members["document"] = `${members["document"] ?? ""}${text}`;
    }),
  ),
  fc.tuple(word, fc.jsonValue({ maxDepth: 1 })).map(([key, value]) =>
    rewritten((members) => {
      members["metadata"] = { ...Object(members["metadata"]), [`new ${key}`]: value };
    }),
  ),
  fc.tuple(word, fc.jsonValue({ maxDepth: 1 })).map(([key, value]) =>
    rewritten((members) => {
      members[`other ${key}`] = value;
    }),
  ),
  fc.constantFrom("id", "run", "norm", "collection").map((key) =>
    rewritten((members) => {
      delete Object(members["_vecferry"])[key];
    }),
  ),
  fc.tuple(fc.constantFrom("id", "run", "norm", "collection", "uri"), word).map(([key, text]) =>
    rewritten((members) => {
      Object(members["_vecferry"])[key] = `changed to ${text}`;
    }),
  ),
  fc.constantFrom<unknown>(undefined, null, "other", 5, ["acme"]).map((value) =>
    rewritten((members) => {
      members["tenant_id"] = value;
    }),
  ),
  fc.constant(
    rewritten((members) => {
      delete members["_vecferry"];
    }),
  ),
);

describe("any alteration of any point", () => {
  const target = new FakeTarget();
  const scene = new Scene(target);
  beforeAll(async () => {
    await scene.migrate();
  });

  it(`is never called verified (seed ${seed})`, async () => {
    const points = target.points("zoo");
    const names = [...points.keys()];
    const alterations = fc.uniqueArray(fc.tuple(fc.nat(names.length - 1), mutation), {
      minLength: 1,
      maxLength: 4,
      selector: ([place]) => place,
    });
    const property = fc.asyncProperty(alterations, async (chosen) => {
      const before = new Map(points);
      for (const [place, mutate] of chosen) {
        const name = names[place] ?? "";
        const point = points.get(name);
        const altered = point === undefined ? null : mutate(point);
        if (altered === null) points.delete(name);
        else points.set(name, altered);
      }
      const { exit, report } = await scene.verify({ targetOnly: true });
      points.clear();
      for (const [name, point] of before) points.set(name, point);
      expect(exit).toBe(4);
      expect(report.verify?.differences).toBe(chosen.length);
    });
    await fc.assert(property, { seed, numRuns: 60 });
    expect((await scene.verify()).exit).toBe(0);
  });
});
