/** An embed function without a model, so that examples run anywhere: texts with the same words are near each other. */
import { createHash } from "node:crypto";
import type { Embed } from "vecferry";

export const embedWords: Embed = async (texts) =>
  texts.map((text) => {
    const embedding = Array<number>(64).fill(0);
    for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
      const [place = 0] = createHash("sha256").update(word).digest();
      embedding[place % 64] = (embedding[place % 64] ?? 0) + 1;
    }
    // A text without words is near to nothing, and yet no zero vector.
    return embedding.map((count) => count + 0.01);
  });
