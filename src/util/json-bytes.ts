/**
 * JSON as bytes, not yet a string: where the members of an object and the elements of an array stand. Values are delimited,
 * not checked; what is decoded is checked then. UTF-8 keeps all of JSON's own characters below 128, so that no byte of a
 * longer character is taken for one.
 */

/** What JSON is made of; in a text these are the codes too. */
export const byte = {
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  exponentUpper: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  exponentLower: 0x65,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

const { quote, comma, colon, openBracket, backslash, closeBracket, openBrace, closeBrace } = byte;

export function malformed(at: number): SyntaxError {
  return new SyntaxError(`malformed JSON at byte ${at}`);
}

/** Index behind `wanted`, which must stand at `at`. @throws SyntaxError */
export function expectByte(bytes: Uint8Array, at: number, wanted: number): number {
  if (bytes[at] !== wanted) throw malformed(at);
  return at + 1;
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const code = bytes[at] ?? 0;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** Index behind the value that starts at `at`. @throws SyntaxError */
export function skipValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first === quote) return skipString(bytes, at);
  if (first === openBracket || first === openBrace) return skipNested(bytes, at);
  return skipScalar(bytes, at);
}

/** Goes through the object that is all of `bytes`. `onMember` is told each key and where its value starts, and says where that ends. @throws SyntaxError */
export function walkObject(bytes: Buffer, onMember: (key: string, start: number) => number): void {
  let at = skipSpace(bytes, expectByte(bytes, skipSpace(bytes, 0), openBrace));
  while (bytes[at] !== closeBrace) {
    const keyEnd = skipString(bytes, expectByte(bytes, at, quote) - 1);
    const key = String(JSON.parse(bytes.toString("utf8", at, keyEnd)));
    const start = skipSpace(bytes, expectByte(bytes, skipSpace(bytes, keyEnd), colon));
    at = skipSpace(bytes, onMember(key, start));
    if (bytes[at] === closeBrace) break;
    at = skipSpace(bytes, expectByte(bytes, at, comma));
    if (bytes[at] !== quote) throw malformed(at);
  }
  if (skipSpace(bytes, at + 1) !== bytes.length) throw malformed(at);
}

/** Starts and ends of the elements of the array at `from`, in turn: [start, end, start, end, …]. @throws SyntaxError */
export function elementsOf(bytes: Uint8Array, from: number): number[] {
  const places: number[] = [];
  let at = skipSpace(bytes, expectByte(bytes, from, openBracket));
  if (bytes[at] === closeBracket) return places;
  for (;;) {
    const end = skipValue(bytes, at);
    places.push(at, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === closeBracket) return places;
    at = skipSpace(bytes, expectByte(bytes, at, comma));
  }
}

/** Index behind the string whose opening quote stands at `from`. */
function skipString(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at += 1) {
    const code = bytes[at];
    if (code === quote) return at + 1;
    if (code === backslash) at += 1;
  }
  throw malformed(bytes.length);
}

function skipNested(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const code = bytes[at];
    if (code === quote) at = skipString(bytes, at) - 1;
    else if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  throw malformed(bytes.length);
}

/** Index behind the number or word at `from`. */
function skipScalar(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at += 1) {
    const code = bytes[at] ?? 0;
    if (code <= 0x20 || code === comma || code === closeBracket || code === closeBrace) break;
  }
  if (at === from) throw malformed(at);
  return at;
}
