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
      bound: "fewer than 5 % of the carried records differ (3/60, rule of three, 95 % confidence)",
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

  it("counts every record that was not carried yet", async () => {
    const scene = new Scene(new FakeTarget());
    let reads = 0;
    scene.source.beforeRead = () => {
      reads += 1;
      if (reads === 5) throw new Error("unplugged");
    };
    await expect(scene.migrate()).rejects.toThrow("unplugged");
    const { exit, report } = await scene.verify({ sample: 5 });
    const missing = report.verify?.collections.map(
      ({ differences }) => differences["missing"] ?? 0,
    );
    const pending = report.collections.map(({ counts }) => counts.pending);
    expect(missing).toEqual(pending);
    expect(Math.max(...pending)).toBeGreaterThan(0);
    expect(exit).toBe(4);
  });

  it("draws from the records that the source has deleted too", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    scene.source.collection("ants").records.splice(7, 3);
    await scene.migrate();
    const { exit, report } = await scene.verify({ sample: 1000 });
    expect(report.verify?.sample).toMatchObject({ records: 100, mismatches: 3 });
    expect(exit).toBe(4);
  });

  it("bounds nothing when it is empty or found something", () => {
    expect(boundOf(0, 0, "carried")).toBeNull();
    expect(boundOf(10, 1, "carried")).toBeNull();
    expect(boundOf(1, 0, "carried")).toContain("fewer than 100 %");
  });
});
