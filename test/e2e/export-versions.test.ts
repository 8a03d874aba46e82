/** `vecferry export` into every version of Chroma that is at hand: what it cannot hold is named, all else stands there. */
import { describe, expect, it } from "vitest";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { ExportScene } from "../support/export-scene.ts";

const versions: readonly ChromaVersion[] = ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"];
const vector = [3, 4];
const points = [
  { id: 1, vector, payload: { text: "é", count: 9007199254740992, share: 2.5, on: true } },
  { id: 2, vector, payload: { tags: ["a", "b"] } },
  { id: 3, vector, payload: {} },
  { id: 4, vector, payload: { _vecferry: { id: "", norm: "10" }, document: "", metadata: {} } },
  { id: 5, vector, payload: { deep: { er: 1 } } },
];

describe.each(versions)("an export into Chroma %s", (version) => {
  const reason = chromaAvailable(version, true);

  it.skipIf(reason)(`names what it cannot hold${reason ? `: ${reason}` : ""}`, async () => {
    await using chroma = await startChroma({ version });
    using scene = await ExportScene.open(chroma);
    for (const [name, distance] of [
      ["near", "Cosine"],
      ["far", "Euclid"],
    ] as const)
      await scene.fill(name, { size: 2, distance }, points);
    const exported = await scene.export();
    expect(exported.status, exported.stderr).toBe(3);
    expect(exported.report.verify?.differences).toBe(0);
    const lists = version === "1.5.9";
    const emptyIds = version.startsWith("0.") || version === "1.0.20";
    const named = scene
      .quarantine(exported)
      .map(({ collection, id, reason }) => [collection, id, reason]);
    const refused = [...(lists ? [] : [["2", "rejected"]]), ["5", "rejected"]];
    const all = ["near", "far"].flatMap((name) => refused.map((one) => [name, ...one]));
    const ids = named.filter(([, id]) => id !== "");
    expect(ids.sort()).toEqual(all.sort());
    const held = await scene.held("near");
    expect(held["1"]?.metadata).toEqual({
      text: "é",
      count: { int: "9007199254740992" },
      share: { float: 2.5 },
      on: true,
    });
    expect(Object.keys(held).length + named.length / 2).toBe(points.length);
    expect(emptyIds || !Object.hasOwn(held, "")).toBe(true);
    const again = await scene.export();
    expect(again.report.totals).toMatchObject({
      carried: 0,
      unchanged: Object.keys(held).length * 2,
    });
  });
});
