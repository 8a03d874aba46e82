/** Texts that Qdrant makes sparse vectors of by itself, by its model `qdrant/bm25`. Source: qdrant 1.18.2, lib/bm25 and src/common/inference. */
import { z } from "zod";
import { parseSigned } from "../../util/json.ts";
import { plain } from "../collection/config-parts.ts";
import { real } from "../collection/config-schema.ts";
import { badInput } from "../errors.ts";
import { forLanguage, textSettings, tokenizerOf } from "../filter/field-schema.ts";
import { inputFault, named } from "../input-words.ts";

/** What a text is: of a point, or one to search for. */
export type TextRole = "document" | "query";

export interface SparseText {
  readonly indices: number[];
  readonly values: number[];
}

const optionsSchema = z.object({
  k: real(z.number()).default(1.2),
  b: real(z.number()).default(0.75),
  avg_len: real(z.number()).default(256),
  language: z.string().nullish(),
  ...textSettings,
});
type Options = z.output<typeof optionsSchema>;

export function isBm25(model: string): boolean {
  return /^(?:qdrant\/)?bm25$/i.test(model);
}

/**
 * The vector of a text. `options`: JSON text of an object.
 * @throws E_INPUT (400) for options that are none, E_NOT_SUPPORTED for the stop words of a language that is not there
 */
export function embedText(text: string, role: TextRole, options: string): SparseText {
  const given = readOptions(options);
  const { language, stopwords, stemmer } = given;
  const usual = forLanguage(language ?? "english");
  const tokenizer = tokenizerOf({
    ...given,
    stopwords: stopwords ?? usual.stopwords,
    stemmer: stemmer ?? usual.stemmer,
  });
  const weights =
    role === "document"
      ? documentWeights(tokenizer.document(text), given)
      : new Map(tokenizer.query(text).map((token) => [tokenId(token), 1]));
  const sorted = [...weights].sort(([one], [other]) => one - other);
  return { indices: sorted.map(([index]) => index), values: sorted.map(([, value]) => value) };
}

const untagged: Readonly<Record<string, string>> = {
  stopwords: "StopwordsInterface",
  stemmer: "StemmingAlgorithm",
};

function readOptions(text: string): Options {
  const value = plain(parseSigned(text));
  const { data, error } = optionsSchema.safeParse(value);
  const [issue] = error?.issues ?? [];
  if (data === undefined)
    throw badInput(`Wrong input: Invalid BM25 config: ${fault(issue, value)}`);
  const { k, b, avg_len } = data;
  if (k < 0) throw badInput(`Wrong input: BM25 k1 must be finite and >= 0, got ${k}`);
  if (b < 0 || b > 1)
    throw badInput(`Wrong input: BM25 b must be finite and in [0.0, 1.0], got ${b}`);
  if (avg_len <= 0)
    throw badInput(`Wrong input: BM25 avg_doc_len must be finite and > 0, got ${avg_len}`);
  return data;
}

/** As a server prints what its decoder says. */
function fault(issue: z.core.$ZodIssue | undefined, value: unknown): string {
  return `Error(${JSON.stringify(issue === undefined ? "" : words(issue, value))}, line: 0, column: 0)`;
}

function words(issue: z.core.$ZodIssue, value: unknown): string {
  const name = String(issue.path[0]);
  const type = untagged[name];
  if (type !== undefined) return `data did not match any variant of untagged enum ${type}`;
  const given: unknown = Object(value)[name];
  if (name === "tokenizer" && typeof given !== "string")
    return `invalid type: ${named(given)}, expected string or map`;
  return inputFault(issue, value).words;
}

/** By token: how often it stands there, saturated, and less in a text that is longer than the average. */
function documentWeights(
  tokens: readonly string[],
  { k, b, avg_len }: Options,
): Map<number, number> {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const norm = k * (1 - b + (b * tokens.length) / avg_len);
  const weights = new Map<number, number>();
  for (const [token, count] of counts)
    weights.set(tokenId(token), Math.fround((count * (k + 1)) / (norm + count)));
  return weights;
}

/** The index of a token: its MurmurHash3 of 32 bits, without the sign. */
function tokenId(token: string): number {
  return Math.abs(murmur3(Buffer.from(token)));
}

function murmur3(bytes: Buffer): number {
  const whole = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    hash ^= scrambled(bytes.readInt32LE(at));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at -= 1) rest = (rest << 8) | (bytes[at] ?? 0);
  hash ^= scrambled(rest) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
