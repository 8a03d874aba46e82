import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import {
  onlyDifference,
  Scene,
  scenePoint,
  withMetadata,
  withPayload,
  withPlacement,
  withVector,
} from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

const targets = [
  ["a target in memory", async () => new FakeTarget()],
  ["the embedded engine", () => openEmbedded(":memory:")],
] as const;

/** "ants-7" has a document, metadata and no uri; "ants-9" has all. */
const point = scenePoint("ants", "ants-7");
const all = scenePoint("ants", "ants-9");

interface Case {
  readonly name: string;
  readonly alter: (scene: Scene) => Promise<void>;
  readonly kind: string;
  readonly id: string;
  readonly detail: string;
}

/** The words of a change of one field of "ants-7". */
function changed(
  name: string,
  change: (batch: PointBatch) => PointBatch,
  detail: string,
  at = point,
): Case {
  const id = at === point ? "ants-7" : "ants-9";
  return {
    name,
    alter: (scene) => scene.alter(at, change),
    kind: "changed-at-target",
    id,
    detail: `source -> target: ${detail}`,
  };
}

/** The words of a change that makes "ants-7" another's point. */
function taken(name: string, change: (batch: PointBatch) => PointBatch, detail: string): Case {
  const alter = (scene: Scene) => scene.alter(point, change);
  return { name, alter, kind: "taken", id: "ants-7", detail };
}

const cases: readonly Case[] = [
  taken(
    "a lost mark",
    (batch) => withPlacement(batch, { runs: [null] }),
    "A point that no migration wrote stands in its place.",
  ),
  changed(
    "an integer that became a float",
    (batch) => withMetadata(batch, (text) => text.replace('"count":7', '"count":7.0')),
    'metadata "count": integer -> float',
  ),
  changed(
    "a float that became an integer",
    (batch) => withMetadata(batch, (text) => text.replace('"ratio":7.5', '"ratio":7')),
    'metadata "ratio": float -> integer',
  ),
  changed(
    "a boolean that became text",
    (batch) => withMetadata(batch, (text) => text.replace("true", '"true"')),
    'metadata "flag": boolean -> string',
  ),
  changed(
    "another text under a key",
    (batch) => withMetadata(batch, (text) => text.replace("n7", "n8")),
    'metadata "name": another string',
  ),
  changed(
    "a list with its elements turned round",
    (batch) => withMetadata(batch, (text) => text.replace("[1,2]", "[2,1]")),
    'metadata "list": another list of integer',
  ),
  changed(
    "an extra key",
    (batch) => withMetadata(batch, (text) => text.replace("{", '{"more":null,')),
    'metadata "more": added (null)',
  ),
  changed(
    "a lost key",
    (batch) => withMetadata(batch, (text) => text.replace('"flag":true,', "")),
    'metadata "flag": lost (boolean)',
  ),
  changed(
    "metadata that is gone",
    (batch) => withPayload(batch, { metadata: [null] }),
    'metadata "count": lost (integer); metadata "ratio": lost (float); metadata "name": lost (string); metadata "flag": lost (boolean); metadata "list": lost (list of integer)',
  ),
  changed(
    "another document",
    (batch) => withPayload(batch, { documents: ["document 8"] }),
    "document: another text",
  ),
  changed(
    "a document that became empty",
    (batch) => withPayload(batch, { documents: [""] }),
    "document: text -> empty text",
  ),
  changed(
    "a lost document",
    (batch) => withPayload(batch, { documents: [null] }),
    "document: text -> none",
  ),
  changed("a lost uri", (batch) => withPayload(batch, { uris: [null] }), "uri: text -> none", all),
  changed("an added uri", (batch) => withPayload(batch, { uris: [""] }), "uri: none -> empty text"),
  changed(
    "another tenant",
    (batch) => withPlacement(batch, { tenants: ["bolt"] }),
    "tenant: another text",
  ),
  changed(
    "a lost tenant",
    (batch) => withPlacement(batch, { tenants: [null] }),
    "tenant: text -> none",
  ),
  taken(
    "another id",
    (batch) => ({ ...batch, ids: ["ants-8"] }),
    "Another record's point stands in its place.",
  ),
  changed(
    "a lost norm",
    (batch) => withPlacement(batch, { norms: new Float64Array([Number.NaN]) }),
    "norm",
  ),
  taken(
    "another collection's mark",
    (batch) => withPlacement(batch, { collections: ["cats"] }),
    "Another record's point stands in its place.",
  ),
  taken(
    "another run's mark",
    (batch) => withPlacement(batch, { runs: ["0123456789abcdef"] }),
    "A point of another migration stands in its place.",
  ),
  {
    name: "a neighbour's vector",
    alter: async (scene) => {
      const other = await scene.read(all);
      await scene.alter(point, (batch) => withVector(batch, other));
    },
    kind: "changed-at-target",
    id: "ants-7",
    detail: "source -> target: vector: 4 of 4 components",
  },
  {
    name: "a missing point",
    alter: (scene) => scene.take(point),
    kind: "missing",
    id: "ants-7",
    detail: "Not at the target.",
  },
  {
    name: "a point with our mark that the source does not have",
    alter: async (scene) => {
      const batch = await scene.read(point);
      const points = ["00000000-0000-4000-8000-000000000000"];
      await scene.put({ ...withPlacement(batch, { points }), ids: ["ants-x"] });
    },
    kind: "extra",
    id: "ants-x",
    detail: "Bears this migration's mark, and the source has no such record.",
  },
];

describe.each(targets)("verify of %s", (_, open) => {
  it("finds no difference after a copy, and says what was compared", async () => {
    await using target = await open();
    const scene = new Scene(target);
    expect((await scene.migrate()).exit).toBe(0);
    const { exit, report } = await scene.verify();
    expect(exit).toBe(0);
    expect(report.state).toBe("VERIFIED");
    expect(report.verify?.readSource).toBe(true);
    expect(
      report.verify?.collections.map(({ compared, readAgain }) => [compared, readAgain]),
    ).toEqual([
      [60, 60],
      [30, 30],
      [10, 10],
    ]);
    const alone = await scene.verify({ targetOnly: true });
    expect(alone.exit).toBe(0);
    expect(alone.report.verify?.verdict).toContain("The source's records were not read again");
  });

  it.each(cases)("finds $name, and nothing else", async ({ alter, kind, id, detail }) => {
    await using target = await open();
    const scene = new Scene(target);
    await scene.migrate();
    await alter(scene);
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind, id, detail });
    expect(outcome.exit).toBe(4);
    expect(outcome.report.state).toBe("STALE");
    expect((await scene.verify({ targetOnly: true })).exit).toBe(4);
  });

  it("counts points of others, and does not mind them", async () => {
    await using target = await open();
    const scene = new Scene(target);
    await scene.migrate();
    const batch = await scene.read(point);
    await scene.put(
      withPlacement(batch, {
        points: ["00000000-0000-4000-8000-000000000000"],
        runs: ["0123456789abcdef"],
      }),
    );
    const { exit, report } = await scene.verify();
    expect(exit).toBe(0);
    expect(report.verify?.foreign).toEqual({ zoo: 1 });
  });
});
