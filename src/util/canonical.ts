/** The one text of a JSON value, made from any of its texts in one pass and without decoding it. */
import { floatText } from "./json.ts";

/** Characters that a string's text may spell in more than one way, or not at all. */
const spelled = /[\\\u0000-\u001f\ud800-\udfff]/;
const integer = /^-?(?:0|[1-9]\d*)$/;
const float = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The one text of a JSON value: keys sorted by code unit, no white space, numbers by type (`2`, `2.0`). @throws SyntaxError */
export function canonicalJson(text: string): string {
  return new Canonical(text).whole();
}

class Canonical {
  readonly #text: string;
  /** Whether every string in the text is spelled in the one way already. */
  readonly #plain: boolean;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#plain = !spelled.test(text);
  }

  whole(): string {
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw this.#malformed();
    return value;
  }

  #value(): string {
    const code = this.#text.charCodeAt(this.#at);
    if (code === 0x22) return this.#string();
    if (code === 0x7b) return this.#object();
    if (code === 0x5b) return this.#array();
    return this.#scalar();
  }

  #object(): string {
    this.#at += 1;
    this.#skipSpace();
    if (this.#takes(0x7d)) return "{}";
    const keys: string[] = [];
    const members: string[] = [];
    let sorted = true;
    let before = "";
    do {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#malformed();
      const name = this.#string();
      const key = this.#plain ? name.slice(1, -1) : String(JSON.parse(name));
      this.#skipSpace();
      if (!this.#takes(0x3a)) throw this.#malformed();
      this.#skipSpace();
      sorted &&= keys.length === 0 || before < key;
      before = key;
      keys.push(key);
      members.push(`${name}:${this.#value()}`);
      this.#skipSpace();
    } while (this.#takes(0x2c));
    if (!this.#takes(0x7d)) throw this.#malformed();
    return `{${(sorted ? members : inOrder(keys, members)).join(",")}}`;
  }

  #array(): string {
    this.#at += 1;
    this.#skipSpace();
    if (this.#takes(0x5d)) return "[]";
    const elements: string[] = [];
    do {
      this.#skipSpace();
      elements.push(this.#value());
      this.#skipSpace();
    } while (this.#takes(0x2c));
    if (!this.#takes(0x5d)) throw this.#malformed();
    return `[${elements.join(",")}]`;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && !this.#plain && this.#isEscaped(end))
      end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#malformed();
    this.#at = end + 1;
    const raw = this.#text.slice(start, end + 1);
    return this.#plain || !spelled.test(raw) ? raw : JSON.stringify(JSON.parse(raw));
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1;
    return backslashes % 2 === 1;
  }

  #scalar(): string {
    const start = this.#at;
    let digits = true;
    for (; !isEnd(this.#text.charCodeAt(this.#at)); this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      digits &&= code >= 0x30 && code <= 0x39;
    }
    const raw = this.#text.slice(start, this.#at);
    if (digits && raw.length > 0 && (raw.length === 1 || raw[0] !== "0")) return raw;
    if (raw === "true" || raw === "false" || raw === "null") return raw;
    if (integer.test(raw)) return raw === "-0" ? "0" : raw;
    if (float.test(raw)) return floatText(Number(raw));
    throw this.#malformed();
  }

  /** Whether this character comes next; it is taken then. */
  #takes(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #malformed(): SyntaxError {
    return new SyntaxError(`malformed JSON at character ${this.#at}`);
  }
}

/** Whether a scalar ends before this character: white space, a comma, a bracket, or the end of the text (NaN). */
function isEnd(code: number): boolean {
  return !(code > 0x20) || code === 0x2c || code === 0x5d || code === 0x7d;
}

/** The members by key; where a key stands twice, the last one. */
function inOrder(keys: readonly string[], members: readonly string[]): string[] {
  const keyAt = (place: number) => keys[place] ?? "";
  const places = keys.map((_, place) => place);
  places.sort((one, other) =>
    keyAt(one) === keyAt(other) ? one - other : keyAt(one) < keyAt(other) ? -1 : 1,
  );
  return places
    .filter((place, at) => at === places.length - 1 || keyAt(place) !== keyAt(places[at + 1] ?? 0))
    .map((place) => members[place] ?? "");
}
