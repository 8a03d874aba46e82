/** What Qdrant's JSON reader (serde_json) refuses of a request although it is JSON: a field that stands twice, half a character. */
import { parseJson } from "../../util/json.ts";
import { malformed } from "../errors.ts";
import type { JsonWatch } from "../json-extremes.ts";
import { memberOf, type Shape, shapeBelow, unminded } from "./body-shapes.ts";

const keyEnd = /[ \t\n\r]*:/y;

interface Level {
  readonly shape: Shape;
  /** Members that have stood in it; null = it is a list. */
  readonly met: Set<string> | null;
  /** The key whose value comes. */
  key: string;
}

/** Looks at a text's keys and strings, where a server reads them. What is no JSON is left to who reads it. */
export class KeyWatch implements JsonWatch {
  readonly #text: string;
  readonly #shape: Shape;
  readonly #levels: Level[] = [];
  /** Brackets that are open in what is passed over, and where the first stands. */
  #passed = 0;
  #passedFrom = 0;
  readonly #spans: (readonly [start: number, end: number])[] = [];

  constructor(text: string, shape: Shape) {
    this.#text = text;
    this.#shape = shape;
  }

  /** What the value that comes is read as; null = it is passed over. */
  get #next(): Shape | null {
    const level = this.#levels.at(-1);
    if (level === undefined) return this.#shape;
    if (level.met === null) return level.shape;
    return shapeBelow(level.shape, level.key);
  }

  get unread(): boolean {
    return this.#passed > 0 || this.#next === null;
  }

  /** What is passed over, numbers excepted. */
  get unreadTexts(): string[] {
    return this.#spans.map(([start, end]) => this.#text.slice(start, end));
  }

  /** The text, with `null` in place of what is passed over, numbers excepted. */
  get readText(): string {
    let from = 0;
    let text = "";
    for (const [start, end] of this.#spans) {
      text += `${this.#text.slice(from, start)}null`;
      from = end;
    }
    return from === 0 ? this.#text : text + this.#text.slice(from);
  }

  /** @throws E_INPUT (400) for a key that stands twice, and for half a character */
  string(start: number, end: number): void {
    if (this.#passed > 0) return;
    const level = this.#levels.at(-1);
    keyEnd.lastIndex = end;
    if (level === undefined || level.met === null || !keyEnd.test(this.#text)) {
      if (this.#next === null) this.#spans.push([start, end]);
      else if (this.#next !== unminded) stringAt(this.#text, start, end);
      return;
    }
    const key = level.shape === unminded ? null : stringAt(this.#text, start, end);
    if (key === null) return;
    level.key = key;
    const member = memberOf(level.shape, key);
    if (member === null) return;
    if (level.met.has(member))
      throw malformed(`duplicate field \`${member}\` at line 1 column ${start + 1}`);
    level.met.add(member);
  }

  open(character: string, index: number): void {
    const shape = this.#passed > 0 ? null : this.#next;
    if (shape === null) {
      if (this.#passed === 0) this.#passedFrom = index;
      this.#passed += 1;
      return;
    }
    const isObject = character === "{";
    const of = isObject ? shape : (shape.elements ?? shape);
    this.#levels.push({ shape: of, met: isObject ? new Set() : null, key: "" });
  }

  close(index: number): void {
    if (this.#passed === 0) {
      this.#levels.pop();
      return;
    }
    this.#passed -= 1;
    if (this.#passed === 0) this.#spans.push([this.#passedFrom, index + 1]);
  }
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
