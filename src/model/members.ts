/** The members of an object in a JSON text, taken out one by one: nothing is cut out of the text before it is wanted. */
import { expectCode, malformed, skipSpace, skipString, skipValue, stringOf } from "../util/json.ts";
import { byte } from "../util/json-bytes.ts";

const { quote, comma, colon, openBrace, closeBrace } = byte;

/** Places kept of a member: where its key starts and ends, quotes included, and where its value does. */
const perMember = 4;
/** Instead of the first place of a member that is out. */
const out = -1;

/** Serves one object after the other. Where a key stands twice the last one counts. */
export class Members {
  #text = "";
  /** Whether a key may be spelled with escapes. */
  #escaped = false;
  readonly #places: number[] = [];
  #end = 0;
  /** Members that were put in beside those of the text. */
  #added: string[] = [];
  /** How many there are. */
  size = 0;

  /** Takes up the object that is all of `text`. Values are delimited, not checked. @throws SyntaxError */
  read(text: string): void {
    this.#text = text;
    this.#escaped = text.includes("\\");
    this.#added.length = 0;
    this.size = 0;
    let end = 0;
    let at = skipSpace(text, expectCode(text, skipSpace(text, 0), openBrace));
    while (text.charCodeAt(at) !== closeBrace) {
      if (end > 0) at = skipSpace(text, expectCode(text, at, comma));
      expectCode(text, at, quote);
      const keyEnd = skipString(text, at);
      const value = skipSpace(text, expectCode(text, skipSpace(text, keyEnd), colon));
      const valueEnd = skipValue(text, value);
      this.#places[end] = at;
      this.#places[end + 1] = keyEnd;
      this.#places[end + 2] = value;
      this.#places[end + 3] = valueEnd;
      end += perMember;
      this.size += 1;
      at = skipSpace(text, valueEnd);
    }
    if (skipSpace(text, at + 1) !== text.length) throw malformed(at + 1);
    this.#end = end;
  }

  /** The text at `key`, which is out then; null where there is none, and what is no text stays. */
  takeString(key: string): string | null {
    const at = this.#find(key);
    return at !== -1 && this.#firstCode(at) === quote ? stringOf(this.#take(at)) : null;
  }

  /** The JSON text of the object at `key`, which is out then; null where there is none, and what is no object stays. */
  takeObject(key: string): string | null {
    const at = this.#find(key);
    return at !== -1 && this.#firstCode(at) === openBrace ? this.#take(at) : null;
  }

  /** The JSON text of the value at `key`, which is out then; null where there is none. */
  take(key: string): string | null {
    const at = this.#find(key);
    return at === -1 ? null : this.#take(at);
  }

  /** All but those at these keys, as JSON text of an object; they are out then. */
  takeOthers(keys: readonly string[]): string {
    const members: string[] = [];
    for (let at = 0; at < this.#end; at += perMember) {
      if (this.#places[at] === out || keys.some((key) => this.#isAt(at, key))) continue;
      members.push(this.#member(at));
      this.#take(at);
    }
    return `{${members.join(",")}}`;
  }

  /** Puts a member in. */
  put(key: string, json: string): void {
    this.#added.push(`${JSON.stringify(key)}:${json}`);
    this.size += 1;
  }

  /** JSON text of an object with all that are there. */
  join(): string {
    const members: string[] = [];
    for (let at = 0; at < this.#end; at += perMember)
      if (this.#places[at] !== out) members.push(this.#member(at));
    return `{${[...members, ...this.#added].join(",")}}`;
  }

  /** Where the member at `key` stands; −1 where there is none. Those before it with the same key are out then. */
  #find(key: string): number {
    let found = -1;
    for (let at = this.#end - perMember; at >= 0; at -= perMember) {
      if (this.#places[at] === out || !this.#isAt(at, key)) continue;
      if (found === -1) found = at;
      else this.#take(at);
    }
    return found;
  }

  #isAt(at: number, key: string): boolean {
    const start = this.#places[at] ?? 0;
    const end = this.#places[at + 1] ?? 0;
    if (this.#escaped) return stringOf(this.#text.slice(start, end)) === key;
    return end - start === key.length + 2 && this.#text.startsWith(key, start + 1);
  }

  #firstCode(at: number): number {
    return this.#text.charCodeAt(this.#places[at + 2] ?? 0);
  }

  #take(at: number): string {
    this.#places[at] = out;
    this.size -= 1;
    return this.#text.slice(this.#places[at + 2], this.#places[at + 3]);
  }

  #member(at: number): string {
    const [key, keyEnd, value, end] = this.#places.slice(at, at + perMember);
    return `${this.#text.slice(key, keyEnd)}:${this.#text.slice(value, end)}`;
  }
}
