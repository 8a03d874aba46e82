/** Ways to spoil a request: its JSON by its values and keys, its text, its bytes, its path and its headers. */
import fc from "fast-check";

export interface RawRequest {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  /** As text while it is one: then bytes need not be read again for the next mutation. */
  readonly body: Uint8Array | string | null;
  readonly contentType: string | null;
}

/** A mutation as data, so that fast-check can shrink it and print it. `at` chooses the place, `text` is JSON. */
export type Mutation =
  | { readonly kind: "value" | "key"; readonly at: number; readonly text: string }
  | { readonly kind: "gone" | "twice" | "cut" | "byte" | "deep"; readonly at: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "path" | "parameter" | "method" | "type";
      readonly at: number;
      readonly text: string;
    };

const loneSurrogate = '"\\ud800"';

/** JSON texts that stand where something else is expected. */
const oddTexts: readonly string[] = [
  ...[
    "null",
    "true",
    "false",
    '""',
    "[]",
    "{}",
    "0",
    "-1",
    "-0",
    "1",
    "2.0",
    "1.5",
    "[[]]",
    "[{}]",
    '[""]',
  ],
  ...[
    "1e400",
    "-1e400",
    "1e308",
    "3.5e38",
    "1e-320",
    "18446744073709551615",
    "18446744073709551616",
  ],
  ...[
    "9223372036854775808",
    "-9223372036854775809",
    "4294967296",
    "2147483648",
    "65537",
    "1".repeat(400),
  ],
  ...[
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
    ".5",
    "1.",
    "0x10",
    "undefined",
    "'a'",
    '"a',
    "\\",
  ],
  ...[
    '"NaN"',
    '"1"',
    '"true"',
    '"not-a-uuid"',
    '"550e8400-e29b-41d4-a716-44665544000"',
    '"2024-13-45T99:00:00Z"',
  ],
  ...[
    loneSurrogate,
    '"\\u0000"',
    '"\\x"',
    '"\\ud83d\\ude00"',
    `"${"x".repeat(70_000)}"`,
    '"a[]..b"',
    '"[["',
  ],
  ...[
    '{"__proto__":{"a":1}}',
    '{"constructor":1}',
    '{"key":"n"}',
    '{"must":{}}',
    '{"min_should":{}}',
  ],
  ...[
    '{"indices":[1,1],"values":[1,2]}',
    '{"indices":[1],"values":[]}',
    '{"indices":[-1],"values":[1]}',
  ],
  ...[
    "[1e39]",
    "[null]",
    "[[1],[1,2]]",
    "[[],[]]",
    `[${"0,".repeat(70_000)}0]`,
    '{"size":0}',
    '{"size":65537}',
  ],
];

const oddKeys: readonly string[] = [
  ...[
    "",
    "unknown",
    "__proto__",
    "constructor",
    "toString",
    "id",
    "vector",
    "vectors",
    "points",
    "filter",
    "limit",
  ],
  ...[
    "key",
    "match",
    "range",
    "must",
    "query",
    "using",
    "offset",
    "order_by",
    "a.b",
    "a[]",
    "\ud800",
    "\u0000",
  ],
];

/** Parts of paths. */
const oddPaths: readonly string[] = [
  ...[
    "%00",
    "%2e%2e%2f",
    "..",
    ".",
    "%",
    "%zz",
    "%ff",
    "a%2fb",
    " ",
    "%20",
    "é",
    "😀",
    "x".repeat(300),
    "//",
    "",
    "?",
  ],
  ...[
    "points/-1",
    "points/1e3",
    "points/18446744073709551616",
    "points/abc",
    "index/",
    "index/a[",
    "vectors/",
  ],
];

const oddParameters: readonly string[] = [
  ...[
    "wait=maybe",
    "wait=",
    "wait=true&wait=false",
    "wait=1",
    "timeout=0",
    "timeout=-1",
    "timeout=1e9",
    "timeout=a",
  ],
  ...[
    "ordering=strong",
    "ordering=worst",
    "consistency=0",
    "consistency=most",
    "consistency=-3",
    "unknown=1",
    "%",
    "=&=",
  ],
];

const oddTypes: readonly string[] = [
  "text/plain",
  "application/json; charset=latin1",
  "multipart/form-data",
  "",
  "a/b/c",
];

const at = fc.nat({ max: 10_000 });

/** Any one mutation. */
export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("value" as const),
      at,
      text: fc.oneof(fc.constantFrom(...oddTexts), fc.json()),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("key" as const),
      at,
      text: fc.constantFrom(...oddKeys),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("gone" as const, "twice" as const), at }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("cut" as const, "byte" as const, "deep" as const),
      at,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("bytes" as const),
      bytes: fc.uint8Array({ maxLength: 200 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("path" as const),
      at,
      text: fc.constantFrom(...oddPaths),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("parameter" as const),
      at,
      text: fc.constantFrom(...oddParameters),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("method" as const),
      at,
      text: fc.constantFrom("GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("type" as const),
      at,
      text: fc.constantFrom(...oddTypes),
    }),
  },
);

/** Where each value of a JSON text begins and ends, and each member of an object: `key` where it has one. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** Where the member's key begins; undefined in a list and at the top. */
  readonly key?: number;
}

/** The values of a well-formed JSON text, outermost first. */
function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  const string = (from: number) => {
    let index = from + 1;
    while (text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
    return index + 1;
  };
  const value = (from: number, key?: number): number => {
    const place = spans.push({ start: from, end: from, ...(key === undefined ? {} : { key }) }) - 1;
    let index = from;
    if (text[index] === "{" || text[index] === "[") {
      const list = text[index] === "[";
      index++;
      while (text[index] !== "}" && text[index] !== "]") {
        const memberKey = index;
        index = list ? value(index) : value(string(index) + 1, memberKey);
        if (text[index] === ",") index++;
      }
      index++;
    } else if (text[index] === '"') index = string(index);
    else while (index < text.length && !",]}".includes(text[index] ?? "")) index++;
    spans[place] = { ...spans[place], start: from, end: index };
    return index;
  };
  value(0);
  return spans;
}

/** Of texts that are drawn again and again. */
const spansKnown = new Map<string, readonly Span[]>();

/** The JSON text with one mutation; as it is where it is no JSON. Valid ones have no spaces between their parts. */
function mutatedJson(text: string, mutation: Mutation, isValid: boolean): string {
  let spans = isValid ? spansKnown.get(text) : undefined;
  if (spans === undefined) {
    JSON.parse(text);
    spans = spansOf(text);
    if (isValid) spansKnown.set(text, spans);
  }
  if (mutation.kind === "cut") return text.slice(0, mutation.at % (text.length + 1));
  if (mutation.kind === "bytes" || !("at" in mutation)) return text;
  const span = spans[mutation.at % spans.length];
  if (!span) return text;
  const { start, end, key } = span;
  const old = text.slice(start, end);
  const put = (from: number, to: number, piece: string) =>
    text.slice(0, from) + piece + text.slice(to);
  if (mutation.kind === "value") return put(start, end, mutation.text);
  if (mutation.kind === "key") {
    const name = JSON.stringify(mutation.text);
    return key === undefined ? put(start, end, `{${name}:${old}}`) : put(key, start - 1, name);
  }
  if (mutation.kind === "gone")
    return put(key ?? start, end, "").replace(/([[{,]),|,([\]}])/, "$1$2");
  if (mutation.kind === "twice") return put(end, end, `,${text.slice(key ?? start, end)}`);
  if (mutation.kind === "deep") return put(start, end, deep(mutation.at, old));
  return text;
}

/** A value below hundreds of filters, objects or lists. */
function deep(choice: number, inner: string): string {
  const levels = [20, 130, 5_000][choice % 3] ?? 20;
  const [before, after] = [
    ['{"must":[', "]}"],
    ["[", "]"],
    ['{"filter":', "}"],
    ['{"prefetch":', "}"],
    ['{"sum":[', "]}"],
  ][choice % 5] as [string, string];
  return before.repeat(levels) + inner + after.repeat(levels);
}

/** The request with one mutation; `isValid` where it has none yet. */
export function mutated(request: RawRequest, mutation: Mutation, isValid: boolean): RawRequest {
  const { body, path } = request;
  switch (mutation.kind) {
    case "bytes":
      return { ...request, body: mutation.bytes };
    case "byte": {
      if (body === null || body.length === 0) return request;
      const bytes = typeof body === "string" ? encoder.encode(body) : Uint8Array.from(body);
      bytes[mutation.at % bytes.length] = (mutation.at * 37) % 256;
      return { ...request, body: bytes };
    }
    case "path": {
      const parts = path.split("/");
      parts[1 + (mutation.at % Math.max(1, parts.length - 1))] = mutation.text;
      return { ...request, path: parts.join("/") };
    }
    case "parameter":
      return { ...request, path: `${path}${path.includes("?") ? "&" : "?"}${mutation.text}` };
    case "method":
      return { ...request, method: mutation.text };
    case "type":
      return { ...request, contentType: mutation.text };
    default:
      return body === null ? request : { ...request, body: spoilt(body, mutation, isValid) };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What an earlier mutation left is often no JSON any more, or too deep to look into: it stays as it is then. */
function spoilt(body: Uint8Array | string, mutation: Mutation, isValid: boolean) {
  try {
    return mutatedJson(typeof body === "string" ? body : decoder.decode(body), mutation, isValid);
  } catch {
    return body;
  }
}
