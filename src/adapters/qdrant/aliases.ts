/** Names that lead to collections, in the JSON of Qdrant's REST API. */
import { z } from "zod";
import type { Alias } from "./api.ts";

const list = z.looseObject({
  aliases: z.array(z.looseObject({ alias_name: z.string(), collection_name: z.string() })),
});

/** From the answer to `GET /aliases`. @throws ZodError */
export function aliasesOf(answer: unknown): Alias[] {
  const { aliases } = list.parse(answer);
  return aliases.map(({ alias_name: alias, collection_name: collection }) => {
    return { alias, collection };
  });
}

/** The body of `POST /collections/aliases` that makes one. */
export function aliasBody({ alias, collection }: Alias): string {
  const made = { create_alias: { alias_name: alias, collection_name: collection } };
  return JSON.stringify({ actions: [made] });
}
