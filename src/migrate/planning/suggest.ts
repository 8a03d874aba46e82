/** Which payload indexes a collection's metadata suggests, and the flags that make them. */
import { z } from "zod";
import { type PayloadIndexType, payloadIndexTypes } from "../../model/collection.ts";
import { quoted } from "../../util/shell-word.ts";
import type { MetadataKey, ValueType } from "../survey/metadata-keys.ts";
import type { CollectionSurvey } from "../survey/survey.ts";

export const suggestionSchema = z.object({
  key: z.string(),
  type: z.enum(payloadIndexTypes),
  flag: z.string().describe("What makes it: a flag of `vecferry migrate`."),
  reason: z.string(),
});

export type Suggestion = Readonly<z.infer<typeof suggestionSchema>>;

const suggestionsMax = 16;
/** Longer texts are to be read, not to be filtered by. */
const filterLengthMax = 64;

const indexTypes: Readonly<Partial<Record<ValueType, PayloadIndexType>>> = {
  string: "keyword",
  "string[]": "keyword",
  integer: "integer",
  "integer[]": "integer",
  float: "float",
  "float[]": "float",
  boolean: "bool",
  "boolean[]": "bool",
};

/** The keys that are fit to filter by, those of most records first. A key of mixed types, or one that a path cannot name, is left out. */
export function suggestIndexes({ keys }: CollectionSurvey): Suggestion[] {
  return keys.flatMap(suggest).slice(0, suggestionsMax);
}

function suggest(stats: MetadataKey): Suggestion[] {
  const { key, records, distinct, meanLength, form } = stats;
  const types = Object.keys(stats.types).filter((type) => type !== "null");
  const [only] = types;
  const type = types.length === 1 ? indexTypes[only as ValueType] : undefined;
  // A dot or a bracket in a payload path means something else than itself.
  if (type === undefined || distinct < 2 || /[.[\]"\\]/.test(key)) return [];
  const isText = type === "keyword";
  if (isText && form === null && meanLength > filterLengthMax) return [];
  const fitting = isText ? (form ?? type) : type;
  // What differs in every record is looked up by its id.
  if (fitting === "keyword" && distinct > records / 2 && records > 100) return [];
  const reason = `${records} records have it, with about ${distinct} different values`;
  const named = fitting === "keyword" && !key.includes(":") ? key : `${key}:${fitting}`;
  return [{ key, type: fitting, flag: `--index ${quoted(named)}`, reason }];
}
