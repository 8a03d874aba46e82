/** How the note of a target collection grows: how its points are to be read, and what was carried here. */
import { VectorError } from "../errors.ts";
import {
  type CollectionNote,
  type CollectionSpec,
  parseNote,
  type SourceNote,
} from "./collection.ts";

/**
 * The note that `spec` asks for, with the threshold that is held back if there is one, beside what an earlier one (`found`) says
 * of other sources; a source is known by run and key.
 * @throws E_SCHEMA_CONFLICT where the collection was made with another layout, id rule or model, or `found` is not of this format
 */
export function mergeNote(
  spec: CollectionSpec,
  found: string | null,
  heldThreshold: number | undefined,
): CollectionNote {
  const { name, layout, tenanted, sources } = spec;
  const earlier = parseNote(name, found);
  if (earlier !== null && earlier.layout !== layout)
    throw schemaConflict(name, "layout", earlier.layout, layout);
  if (earlier !== null && earlier.tenanted !== tenanted)
    throw schemaConflict(name, "id rule", idRule(earlier.tenanted), idRule(tenanted));
  const model = spec.model ?? earlier?.model;
  if (model !== undefined && earlier?.model !== undefined && earlier.model !== model)
    throw schemaConflict(name, "model", earlier.model, model);
  const others = (earlier?.sources ?? []).filter(
    (source) => !sources.some((one) => sameSource(one, source)),
  );
  return {
    format: 1,
    layout,
    tenanted,
    sources: [...others, ...sources],
    ...(heldThreshold === undefined ? {} : { heldThreshold }),
    ...(model === undefined ? {} : { model }),
  };
}

function sameSource(one: SourceNote, other: SourceNote): boolean {
  return one.run === other.run && one.key === other.key;
}

function idRule(tenanted: boolean): string {
  return tenanted ? "tenanted" : "plain";
}

/** The error of a collection that stands there with another `what`. */
export function schemaConflict(
  name: string,
  what: string,
  found: string | number,
  wanted: string | number,
): VectorError {
  return new VectorError(
    "E_SCHEMA_CONFLICT",
    `Collection "${name}" is there with ${what} ${found}, and ${wanted} is wanted.`,
    { details: { collection: name, what, found, wanted } },
  );
}
