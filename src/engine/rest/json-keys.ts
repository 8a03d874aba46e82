/** What Qdrant's JSON reader (serde_json) refuses of a request although it is JSON: a field that stands twice, half a character. */
import { parseJson } from "../../util/json.ts";
import { malformed } from "../errors.ts";
import type { JsonWatch } from "../json-extremes.ts";

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

const keyEnd = /[ \t\n\r]*:/y;

interface Level {
  /** Keys that stand in it; null = any number of each. */
  readonly keys: Set<string> | null;
  readonly free: boolean;
  /** Whether keys are vectors' names. */
  readonly named: boolean;
}

/** Looks at a text's keys and strings. What is no JSON is left to who reads it. */
export class KeyWatch implements JsonWatch {
  readonly #text: string;
  /** Whether any key may stand twice. */
  readonly #anyKeys: boolean;
  /** Whether the outermost keys may. */
  readonly #anyOuter: boolean;
  readonly #levels: Level[] = [];
  #key = "";

  constructor(text: string, { anyKeys = false, anyOuter = false } = {}) {
    this.#text = text;
    this.#anyKeys = anyKeys;
    this.#anyOuter = anyOuter;
  }

  /** @throws E_INPUT (400) for a key that stands twice, and for half a character */
  string(start: number, end: number): void {
    const value = stringAt(this.#text, start, end);
    keyEnd.lastIndex = end;
    if (value !== null && keyEnd.test(this.#text)) {
      enter(this.#levels.at(-1), value, start);
      this.#key = value;
    }
  }

  open(character: string): void {
    const free = this.#anyKeys || this.#levels.at(-1)?.free === true || freeBelow.has(this.#key);
    const named = character === "{" && namesBelow.has(this.#key);
    const isAny = free || character === "[" || (this.#anyOuter && this.#levels.length === 0);
    const keys = isAny ? null : new Set<string>();
    this.#levels.push({ free, named, keys });
    if (character === "{") this.#key = "";
  }

  close(): void {
    this.#levels.pop();
  }
}

/** Enters a key where it stands. */
function enter(level: Level | undefined, key: string, index: number): void {
  if (level?.keys == null || (level.named && !oneVector.has(key))) return;
  if (level.keys.has(key))
    throw malformed(`duplicate field \`${key.slice(0, 100)}\` at line 1 column ${index + 1}`);
  level.keys.add(key);
}

/** The string that stands there; null where it is none. */
function stringAt(text: string, start: number, end: number): string | null {
  let value = text.slice(start + 1, end - 1);
  if (value.includes("\\")) {
    const decoded = parseJson(text.slice(start, end));
    if (typeof decoded !== "string") return null;
    value = decoded;
  }
  if (!value.isWellFormed())
    throw malformed(`lone leading surrogate in hex escape at line 1 column ${end}`);
  return value;
}
