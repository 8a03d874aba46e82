/** What a description of a collection says of its points, read from it once: a search is not to pay for it each time. */
import { z } from "zod";
import type { CollectionInfo, Layout } from "../../model/collection.ts";
import { parseJson } from "../../util/json.ts";
import type { Asking } from "./filter.ts";
import { noteLayout } from "./note.ts";

export interface CollectionFacts {
  /** Null where no note names one. */
  readonly layout: Layout | null;
  readonly asking: Asking;
}

const strictRetrieval = z.looseObject({
  strict_mode_config: z.looseObject({
    enabled: z.literal(true),
    unindexed_filtering_retrieve: z.literal(false),
  }),
});

const known = new WeakMap<CollectionInfo, CollectionFacts>();

/** @throws E_SCHEMA_CONFLICT where the note is not one of this format */
export function factsOf(collection: CollectionInfo): CollectionFacts {
  const before = known.get(collection);
  if (before !== undefined) return before;
  const { name, note, configuration } = collection;
  const layout = noteLayout(name, note);
  const strict = strictRetrieval.safeParse(parseJson(configuration ?? "null")).success;
  const facts = {
    layout,
    asking: { layout: layout ?? "vecferry", lists: strict ? "alike" : "apart" },
  } as const;
  known.set(collection, facts);
  return facts;
}
