/** Places on the globe: circles, boxes and polygons of filters. Source: qdrant 1.18.2, lib/segment/src/types.rs (GeoRadius, GeoBoundingBox, GeoPolygon) and the geo crate it uses. */

export interface GeoPoint {
  readonly lon: number;
  readonly lat: number;
}

/** Whether a place lies inside. */
export type GeoArea = (lon: number, lat: number) => boolean;

/** The mean radius in metres that the geo crate has. */
const earthRadius = 6371008.8;
const toRadians = Math.PI / 180;

/** Metres along the great circle. */
export function haversine(one: GeoPoint, other: GeoPoint): number {
  const deltaLat = (other.lat - one.lat) * toRadians;
  const deltaLon = (other.lon - one.lon) * toRadians;
  const chord =
    Math.sin(deltaLat / 2) ** 2 +
    Math.cos(one.lat * toRadians) * Math.cos(other.lat * toRadians) * Math.sin(deltaLon / 2) ** 2;
  return 2 * Math.asin(Math.sqrt(chord)) * earthRadius;
}

export function inCircle(center: GeoPoint, radius: number): GeoArea {
  // A degree of latitude is 111 km everywhere: most places are told by that alone.
  const degrees = radius / 111_000;
  return (lon, lat) =>
    Math.abs(lat - center.lat) <= degrees && haversine(center, { lon, lat }) < radius;
}

/** A box; one whose left side lies east of its right crosses the antimeridian. Its border is outside. */
export function inBox(topLeft: GeoPoint, bottomRight: GeoPoint): GeoArea {
  const crosses = topLeft.lon > bottomRight.lon;
  return (lon, lat) =>
    bottomRight.lat < lat &&
    lat < topLeft.lat &&
    (crosses
      ? lon > topLeft.lon || lon < bottomRight.lon
      : topLeft.lon < lon && lon < bottomRight.lon);
}

type Ring = readonly GeoPoint[];

/** A polygon with holes; borders, of holes too, are outside. */
export function inPolygon(exterior: Ring, interiors: readonly Ring[]): GeoArea {
  return (lon, lat) =>
    positionIn(exterior, lon, lat) === "inside" &&
    interiors.every((hole) => positionIn(hole, lon, lat) === "outside");
}

function positionIn(ring: Ring, lon: number, lat: number): "inside" | "border" | "outside" {
  let inside = false;
  for (let at = 1; at < ring.length; at += 1) {
    const from = ring[at - 1];
    const to = ring[at];
    if (from === undefined || to === undefined) continue;
    const turn = (to.lon - from.lon) * (lat - from.lat) - (to.lat - from.lat) * (lon - from.lon);
    if (turn === 0 && between(lon, from.lon, to.lon) && between(lat, from.lat, to.lat))
      return "border";
    if (from.lat > lat !== to.lat > lat && turn > 0 === to.lat > from.lat) inside = !inside;
  }
  return inside ? "inside" : "outside";
}

function between(value: number, one: number, other: number): boolean {
  return value >= Math.min(one, other) && value <= Math.max(one, other);
}

/** The place that a value names: an object, or longitude and latitude in a list; null where it names none on the globe. */
export function namedPlace(value: unknown): GeoPoint | null {
  const [lon, lat] = Array.isArray(value) && value.length === 2 ? value : [];
  const place = placeOf(Array.isArray(value) ? { lon, lat } : value);
  return place !== null && isOnGlobe(place) ? place : null;
}

/** The place that a payload's value names; null where it names none. Degrees are not checked here. */
export function placeOf(value: unknown): GeoPoint | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { lon, lat } = value as Record<string, unknown>;
  const east = typeof lon === "bigint" ? Number(lon) : lon;
  const north = typeof lat === "bigint" ? Number(lat) : lat;
  return typeof east === "number" && typeof north === "number" ? { lon: east, lat: north } : null;
}

export function isOnGlobe({ lon, lat }: GeoPoint): boolean {
  return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90;
}
