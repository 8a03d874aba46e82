/** One payload field's places by slot. */
import { type GeoArea, type GeoPoint, isOnGlobe } from "./geo.ts";
import { roomFor } from "./grow.ts";
import type { SlotTest } from "./slot-test.ts";

export class GeoColumn {
  /** Longitude and latitude for each slot; NaN = none, or those in `#lists`. */
  #degrees = new Float64Array(0);
  /** The places of slots that have more than one. */
  readonly #lists = new Map<number, readonly GeoPoint[]>();
  #points = 0;

  /** Points that have a place. */
  get points(): number {
    return this.#points;
  }

  /** Puts `places` in place of what the slot has; those that are not on the globe are left out. */
  set(slot: number, places: readonly GeoPoint[]): void {
    if (this.#lists.has(slot) || !Number.isNaN(this.#degrees[2 * slot] ?? Number.NaN)) {
      this.#points -= 1;
      this.#lists.delete(slot);
      this.#degrees[2 * slot] = Number.NaN;
    }
    const known = places.filter(isOnGlobe);
    const [first] = known;
    if (first === undefined) return;
    this.#points += 1;
    if (known.length > 1) {
      this.#lists.set(slot, known);
      return;
    }
    if (2 * slot >= this.#degrees.length) {
      const grown = new Float64Array(roomFor(2 * slot + 2, this.#degrees.length)).fill(Number.NaN);
      grown.set(this.#degrees);
      this.#degrees = grown;
    }
    this.#degrees[2 * slot] = first.lon;
    this.#degrees[2 * slot + 1] = first.lat;
  }

  inside(area: GeoArea): SlotTest {
    const degrees = this.#degrees;
    const lists = this.#lists;
    const fitsAt = (slot: number): boolean => {
      const lon = degrees[2 * slot] ?? Number.NaN;
      return Number.isNaN(lon)
        ? (lists.get(slot)?.some((place) => area(place.lon, place.lat)) ?? false)
        : area(lon, degrees[2 * slot + 1] ?? Number.NaN);
    };
    return {
      // An area is mostly a small part of the globe.
      estimate: Math.ceil(this.#points / 4),
      test: fitsAt,
      fill: (found) => {
        for (let slot = 0; 2 * slot < degrees.length; slot += 1)
          if (!Number.isNaN(degrees[2 * slot] ?? Number.NaN) && fitsAt(slot)) found.add(slot);
        for (const slot of lists.keys()) if (fitsAt(slot)) found.add(slot);
      },
    };
  }
}
