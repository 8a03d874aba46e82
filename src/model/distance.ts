/** Distances: what Chroma calls l2 (squared), cosine (1 − cos) and ip (1 − dot); Qdrant's Euclid is the root of the first. */

export const distances = ["cosine", "ip", "l2"] as const;
/** In Chroma's words. */
export type Distance = (typeof distances)[number];

export const qdrantDistances = {
  cosine: "Cosine",
  ip: "Dot",
  l2: "Euclid",
} as const satisfies Record<Distance, string>;

/** Qdrant's word back to Chroma's; null for one that Chroma does not know (Manhattan). */
export function fromQdrantDistance(name: string): Distance | null {
  return distances.find((distance) => qdrantDistances[distance] === name) ?? null;
}

/** The distance that Chroma would answer where Qdrant answers `score`. */
export function toChromaDistance(distance: Distance, score: number): number {
  return distance === "l2" ? score * score : 1 - score;
}
