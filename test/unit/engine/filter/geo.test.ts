import { describe, expect, it } from "vitest";
import { haversine, inBox, inCircle, inPolygon } from "../../../../src/engine/filter/geo.ts";
import { GeoColumn } from "../../../../src/engine/filter/geo-column.ts";
import { SlotSet } from "../../../../src/engine/filter/slot-set.ts";

const berlin = { lon: 13.4, lat: 52.52 };
const london = { lon: -0.1276, lat: 51.5074 };

describe("areas", () => {
  it("measure the great circle", () => {
    // 931 km, by the mean radius of 6371.0088 km.
    expect(haversine(berlin, london) / 1000).toBeCloseTo(931.2, 0);
    expect(inCircle(berlin, 932_000)(london.lon, london.lat)).toBe(true);
    expect(inCircle(berlin, 930_000)(london.lon, london.lat)).toBe(false);
    expect(inCircle(berlin, 0)(berlin.lon, berlin.lat)).toBe(false);
  });

  it("may cross the antimeridian, and do not have their border", () => {
    const pacific = inBox({ lon: 170, lat: 10 }, { lon: -170, lat: -10 });
    expect([pacific(175, 0), pacific(-175, 0), pacific(0, 0), pacific(170, 0)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("may have holes, whose borders are outside, too", () => {
    const square = (size: number) =>
      [
        [-size, -size],
        [-size, size],
        [size, size],
        [size, -size],
        [-size, -size],
      ].map(([lon = 0, lat = 0]) => ({ lon, lat }));
    const ring = inPolygon(square(10), [square(5)]);
    expect([ring(7, 7), ring(0, 0), ring(5, 0), ring(10, 0), ring(11, 0)]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("GeoColumn", () => {
  it("keeps one place or several for a slot, and none that is not on the globe", () => {
    const column = new GeoColumn();
    column.set(0, [london]);
    column.set(2, [{ lon: 0, lat: 0 }, berlin]);
    column.set(3, [{ lon: 181, lat: 0 }]);
    const found = (): number[] => {
      const slots = new SlotSet(4);
      column.inside(inCircle(berlin, 1000)).fill?.(slots);
      return [...slots];
    };
    expect(column.points).toBe(2);
    expect(found()).toEqual([2]);
    column.set(2, []);
    column.set(0, [berlin]);
    expect(found()).toEqual([0]);
    expect(column.points).toBe(1);
  });
});
