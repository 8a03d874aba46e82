/** What Qdrant's JSON reader (serde_json) refuses of a request although it is JSON: a field that stands twice, half a character. */
import { skipString } from "../../util/json.ts";
import { malformed } from "../errors.ts";

/**
 * Below these, of two keys the last counts: they are the user's own, or Qdrant keeps them in a map before it looks at them, as it
 * does with points that are written and with conditions.
 */
const freeBelow = new Set([
  ...["payload", "payloads", "metadata", "defaults", "upsert"],
  ...["must", "should", "must_not", "conditions"],
]);
/** Vectors by name: the names are free, what is below them is not. */
const namesBelow = new Set(["vector", "vectors", "sparse_vectors"]);
/** What stands there where there is but one vector. */
const oneVector = new Set(["size", "distance", "name", "vector", "indices", "values"]);

const marks = /["[\]{}]/g;
const keyEnd = /[ \t\n\r]*:/y;

interface Level {
  /** Keys that stand in it; null = any number of each. */
  readonly keys: Set<string> | null;
  readonly free: boolean;
  /** Whether keys are vectors' names. */
  readonly named: boolean;
}

/** What is no JSON is left to who reads it. `anyKeys`: whether any may stand twice. @throws E_INPUT (400) */
export function refuseKeys(text: string, anyKeys = false): void {
  const levels: Level[] = [];
  let key = "";
  marks.lastIndex = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const { 0: character, index } = mark;
    if (character === '"') {
      const string = stringAt(text, index);
      if (string === null) return;
      marks.lastIndex = string.end;
      keyEnd.lastIndex = string.end;
      if (keyEnd.test(text)) key = enter(levels.at(-1), string.value, index);
    } else if (character === "{" || character === "[") {
      const above = levels.at(-1);
      const free = anyKeys || above?.free === true || freeBelow.has(key);
      const named = character === "{" && namesBelow.has(key);
      const keys = free || character === "[" ? null : new Set<string>();
      levels.push({ free, named, keys });
      if (character === "{") key = "";
    } else levels.pop();
  }
}

/** Enters a key where it stands; gives it. */
function enter(level: Level | undefined, key: string, index: number): string {
  if (level?.keys == null || (level.named && !oneVector.has(key))) return key;
  if (level.keys.has(key))
    throw malformed(`duplicate field \`${key.slice(0, 100)}\` at line 1 column ${index + 1}`);
  level.keys.add(key);
  return key;
}

/** The string that begins at `at`, as it stands where it has no escapes; null where it has no end. */
function stringAt(text: string, at: number): { value: string; end: number } | null {
  let end: number;
  let value: string;
  try {
    end = skipString(text, at);
    value = text.slice(at + 1, end - 1);
    if (value.includes("\\")) value = String(JSON.parse(text.slice(at, end)));
  } catch {
    return null;
  }
  if (!value.isWellFormed())
    throw malformed(`lone leading surrogate in hex escape at line 1 column ${end}`);
  return { value, end };
}
