/** A target that gives some floats back as their neighbours, as a Qdrant server does: what is only that is no difference, all else is. */
import { describe, expect, it } from "vitest";
import { isReadAs } from "../../src/migrate/points/floats.ts";
import { runPoints } from "../../src/migrate/points/run.ts";
import { standingPoints } from "../../src/migrate/points/source.ts";
import type { PointBatch } from "../../src/model/record.ts";
import { connectTarget } from "../../src/open.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import { vectorBatch } from "../../src/testing/vector-points.ts";
import { floatText } from "../../src/util/json.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { serdeReads } from "../../src/util/serde-number.ts";
import { pointsRequest } from "../support/bare-points.ts";
import { fakeContext } from "../support/fake-migration.ts";

const spec = testSpec({ name: "points", dimension: 1, sources: [] });
const request = pointsRequest({ batchSize: 100 });

function made(numbers: readonly number[], floats: readonly number[]): PointBatch {
  const points = numbers.map((at, row) => ({
    point: String(at),
    vectors: { "": { dense: [at] } },
    payload: `{"text":"0.1 \\" 5e3","score":${floatText(floats[row] ?? 0)},"n":7}`,
  }));
  return vectorBatch(points, [{ name: "", kind: "dense", dimension: 1, distance: "Euclid" }]);
}

/** As it keeps payloads: their floats are read with two roundings. */
function asServer(store: TargetStore): TargetStore {
  const kept = (batch: PointBatch): PointBatch => {
    const rest = batch.placement.rest.map(
      (text) =>
        text?.replace(
          /("score":)([^,}]+)/,
          (_, key, float) => key + floatText(serdeReads(float)),
        ) ?? null,
    );
    return { ...batch, placement: { ...batch.placement, rest } };
  };
  const server: Partial<TargetStore> = {
    identity: { ...store.identity, kind: "qdrant", address: "http://server:6333" },
    write: (to, batch, options) => store.write(to, kept(batch), options),
  };
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(server, name);
      const value: unknown = own ?? Reflect.get(target, name, target);
      return typeof value === "function" && own === undefined ? value.bind(target) : value;
    },
  });
}

describe("floats that a server gives back as their neighbours", () => {
  it("are equal and counted; what changes at the source is carried all the same, and nothing of another's", async () => {
    await using source = await connectTarget(":memory:");
    await using under = await connectTarget(":memory:");
    const target = asServer(under);
    const random = seededRandom(5);
    const numbers = Array.from({ length: 600 }, (_, at) => at);
    const floats = numbers.map(() => random() * 100);
    await source.ensure(spec);
    await source.write(spec, made(numbers, floats));
    const context = fakeContext();
    const run = () => runPoints(standingPoints(source), target, request, context);

    const first = await run();
    expect(first.report.verify?.verdict).toMatch(/The payloads of [1-9]\d* have floats/);
    expect(first).toMatchObject({ exit: 0, report: { totals: { carried: 600 } } });
    expect((await run()).report.totals).toMatchObject({ carried: 0, unchanged: 600 });

    await source.write(spec, made([3], [1.5]));
    expect(await run()).toMatchObject({ exit: 0, report: { totals: { carried: 1, changed: 1 } } });

    await target.write(spec, made([4], [2.5]));
    await expect(run()).rejects.toMatchObject({ code: "E_POINT_TAKEN" });
  });

  it("are nothing but that", () => {
    const near = serdeReads("94.52706955539223");
    expect(near).not.toBe(94.52706955539223);
    const given = '{"a":94.52706955539223,"b":[2,"0.5"]}';
    expect(isReadAs(given, `{"b":[2,"0.5"],"a":${near}}`)).toBe(true);
    for (const other of [
      `{"a":${near},"b":[2,"0.6"]}`,
      `{"a":${near},"b":[3,"0.5"]}`,
      `{"a":${near},"b":[2.0,"0.5"]}`,
      `{"a":${near},"c":[2,"0.5"]}`,
      '{"a":94.5270695553923,"b":[2,"0.5"]}',
      '{"a":94.52706955539216,"b":[2,"0.5"]}',
      `{"a":"${near}","b":[2,"0.5"]}`,
    ])
      expect(isReadAs(given, other), other).toBe(false);
  });
});
