import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdMap } from "../../../../src/engine/collection/id-map.ts";
import { canonicalPointId } from "../../../../src/engine/collection/point-key.ts";

const maxId = 2n ** 64n - 1n;
const pointId = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }).map(String),
  fc.bigInt({ min: 0n, max: maxId }).map(String),
  fc.uuid(),
);

/** Qdrant's order, told in another way than the map's: numbers by value, then UUIDs by text. */
function compareIds(one: string, other: string): number {
  const uuids = Number(one.length === 36) - Number(other.length === 36);
  if (uuids !== 0) return uuids;
  if (one.length === 36) return one < other ? -1 : Number(one !== other);
  return BigInt(one) < BigInt(other) ? -1 : Number(one !== other);
}

describe("canonicalPointId", () => {
  it("gives one spelling of each id, and null for what is none", () => {
    const uuid = "550e8400-e29b-41d4-a716-446655440000";
    for (const spelling of [
      uuid,
      uuid.toUpperCase(),
      uuid.replaceAll("-", ""),
      `urn:uuid:${uuid}`,
      `{${uuid}}`,
    ]) {
      expect(canonicalPointId(spelling)).toBe(uuid);
    }
    expect(canonicalPointId("007")).toBe("7");
    expect(canonicalPointId(String(maxId))).toBe(String(maxId));
    for (const none of ["", "-1", "1.0", String(maxId + 1n), "abc", `{${uuid}`, uuid.slice(1)]) {
      expect(canonicalPointId(none)).toBeNull();
    }
  });
});

describe("IdMap", () => {
  it("does what a Map does, whatever is inserted and removed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), pointId), { maxLength: 300 }), (steps) => {
        const map = new IdMap();
        const model = new Map<string, number>();
        for (const [insert, id] of steps) {
          const slot = map.find(id);
          expect(slot).toBe(model.get(id) ?? -1);
          if (insert && slot === -1) model.set(id, map.insert(id));
          if (!insert && slot !== -1) {
            map.remove(slot);
            model.delete(id);
          }
        }
        expect(map.count).toBe(model.size);
        for (const [id, slot] of model) expect(map.idOf(slot)).toBe(id);
        expect(new Set(model.values()).size).toBe(model.size);
      }),
    );
  });

  it("finds all of 20,000 ids after growing, and what was loaded from keys", () => {
    const map = new IdMap();
    const loaded = new IdMap();
    const ids = Array.from({ length: 20_000 }, (_unused, at) => String(at * 7));
    for (const id of ids) {
      const slot = map.insert(id);
      expect(loaded.load(slot, map.keyOf(slot))).toBe(true);
    }
    expect(
      ids.every((id) => map.idOf(map.find(id)) === id && loaded.find(id) === map.find(id)),
    ).toBe(true);
    expect(loaded.load(3, map.keyOf(4))).toBe(false);
    expect(loaded.load(30_000, new Uint8Array(5))).toBe(false);
  });

  it("orders slots and keys as Qdrant orders ids", () => {
    fc.assert(
      fc.property(fc.uniqueArray(pointId, { minLength: 2, maxLength: 30 }), (ids) => {
        const map = new IdMap();
        const slots = ids.map((id) => map.insert(id));
        const expected = ids.toSorted(compareIds);
        expect(
          slots.toSorted((one, other) => map.compare(one, other)).map((slot) => map.idOf(slot)),
        ).toEqual(expected);
        const byKey = slots.toSorted((one, other) =>
          Buffer.compare(map.keyOf(one), map.keyOf(other)),
        );
        expect(byKey.map((slot) => map.idOf(slot))).toEqual(expected);
      }),
    );
  });
});
