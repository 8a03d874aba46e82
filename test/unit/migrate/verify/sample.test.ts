import { describe, expect, it } from "vitest";
import type { RecordLine } from "../../../../src/migrate/request.ts";
import { boundOf } from "../../../../src/migrate/verify/sample.ts";
import { Scene } from "../../../support/fake-scene.ts";
import { FakeTarget } from "../../../support/fake-store.ts";

describe("a sample", () => {
  it("says what it bounds, by the rule of three", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    const lines: string[] = [];
    const onRecord = ({ sigil, id }: RecordLine) => lines.push(`${sigil} ${id}`);
    const { exit, report } = await scene.verify({ sample: 60, onRecord });
    expect(exit).toBe(0);
    expect(new Set(lines).size).toBe(60);
    expect(lines.every((line) => line.startsWith("= "))).toBe(true);
    expect(report.verify?.sample).toMatchObject({
      records: 60,
      mismatches: 0,
      bound: "fewer than 5 % of all records differ (3/60, rule of three, 95 % confidence)",
    });
    expect(report.verify?.verdict).toContain(`seed ${report.verify?.sample?.seed}`);
    expect(report.verify?.readSource).toBe(false);
  });

  it("finds every difference when it is as large as the whole", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    for (const point of [...target.points("zoo").keys()].slice(0, 5)) await scene.take(point);
    const { exit, report } = await scene.verify({ sample: 1000 });
    expect(exit).toBe(4);
    expect(report.verify?.sample).toMatchObject({ records: 100, mismatches: 5, bound: null });
  });

  it("bounds nothing when it is empty or found something", () => {
    expect(boundOf(0, 0)).toBeNull();
    expect(boundOf(10, 1)).toBeNull();
    expect(boundOf(1, 0)).toContain("fewer than 100 %");
  });
});
