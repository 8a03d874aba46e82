/** What `field_schema` of a payload index says. Source: qdrant 1.18.2, lib/segment/src/data_types/index.rs. */
import { z } from "zod";
import { plain } from "../collection/config-parts.ts";
import { invalid, malformed } from "../errors.ts";
import { asStruct, struct } from "../struct-list.ts";
import { stemmerOf } from "./text/stemmer.ts";
import { stopwordsOf } from "./text/stopwords.ts";
import { Tokenizer } from "./text/tokenizer.ts";

export type FieldType =
  | "keyword"
  | "integer"
  | "float"
  | "geo"
  | "text"
  | "bool"
  | "datetime"
  | "uuid";

const flag = z.boolean().nullish();
const count = z.int().nonnegative().nullish();

/** Language names and their short forms; the second list has stop words and no stemmer. */
const stemmed: Readonly<Record<string, string>> = {
  ar: "arabic",
  hy: "armenian",
  da: "danish",
  nl: "dutch",
  en: "english",
  fi: "finnish",
  fr: "french",
  de: "german",
  el: "greek",
  hu: "hungarian",
  it: "italian",
  no: "norwegian",
  pt: "portuguese",
  ro: "romanian",
  ru: "russian",
  es: "spanish",
  sv: "swedish",
  ta: "tamil",
  tr: "turkish",
};
const { hy: _armenian, ta: _tamil, ...both } = stemmed;
const stopped: Readonly<Record<string, string>> = {
  ...both,
  az: "azerbaijani",
  eu: "basque",
  bn: "bengali",
  ca: "catalan",
  zh: "chinese",
  he: "hebrew",
  "hi-en": "hinglish",
  id: "indonesian",
  jp: "japanese",
  kk: "kazakh",
  ne: "nepali",
  sl: "slovene",
  tg: "tajik",
};

function languageOf(names: Readonly<Record<string, string>>) {
  const known = new Set(Object.values(names));
  return z
    .string()
    .transform((name) => (Object.hasOwn(names, name) ? (names[name] ?? name) : name))
    .refine((name) => known.has(name));
}

const stopwordLanguage = languageOf(stopped);
const stopwordsSchema = z.union([
  stopwordLanguage,
  struct(
    {
      languages: z.array(stopwordLanguage).nullish(),
      custom: z.array(z.string()).nullish(),
    },
    0,
  ).transform(({ languages, custom }) => ({
    ...(languages == null ? {} : { languages: sorted(languages) }),
    ...(custom == null ? {} : { custom: sorted(custom) }),
  })),
]);

/** Each once, in order. */
function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].sort((one, other) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  );
}

const stemmerLanguage = languageOf(stemmed);
/** How texts are cut into tokens. */
export const textSettings = {
  tokenizer: z.enum(["prefix", "whitespace", "word", "multilingual"]).default("word"),
  min_token_len: count,
  max_token_len: count,
  lowercase: flag,
  ascii_folding: flag,
  stopwords: stopwordsSchema.nullish(),
  stemmer: struct({ type: z.literal("snowball"), language: stemmerLanguage }).nullish(),
};
const { stopwords: stopwordsSetting, stemmer: stemmerSetting, ...cutting } = textSettings;

const common = { on_disk: flag, enable_hnsw: flag };
const textSchema = z.object({
  type: z.literal("text"),
  ...cutting,
  phrase_matching: flag,
  stopwords: stopwordsSetting,
  on_disk: flag,
  stemmer: stemmerSetting,
  enable_hnsw: flag,
});

const paramsSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("keyword"), is_tenant: flag, ...common }),
  z.object({
    type: z.literal("integer"),
    lookup: flag,
    range: flag,
    is_principal: flag,
    ...common,
  }),
  z.object({ type: z.literal("float"), is_principal: flag, ...common }),
  z.object({ type: z.literal("geo"), ...common }),
  textSchema,
  z.object({ type: z.literal("bool"), ...common }),
  z.object({ type: z.literal("datetime"), is_principal: flag, ...common }),
  z.object({ type: z.literal("uuid"), is_tenant: flag, ...common }),
]);
const typeSchema = z.enum([
  "keyword",
  "integer",
  "float",
  "geo",
  "text",
  "bool",
  "datetime",
  "uuid",
]);
const needed: Partial<Record<string, number>> = { integer: 4, float: 2, datetime: 2 };

/** The parameters in the order of the type that stands first. */
function inOrder(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const of = paramsSchema.options.find(({ shape }) => shape.type.value === value[0]);
  if (of === undefined) return value;
  const names = Object.keys(of.shape);
  const most = names.length;
  return asStruct(value, { names, needed: needed[value[0]] ?? 1, most }) ?? value;
}

const fieldSchema = z.union([typeSchema, z.preprocess(inOrder, paramsSchema)]);

type FieldParams = z.output<typeof paramsSchema>;
export type TextParams = z.output<typeof textSchema>;
type TextSettings = Pick<TextParams, keyof typeof textSettings>;

/** A field's schema: its type, and its parameters where they were given. */
export interface FieldSchema {
  readonly type: FieldType;
  readonly params: FieldParams | null;
}

/** Members that Qdrant answers as null where they were not given. */
const answeredNull = new Set(["lookup", "range", "is_principal"]);

/** Reads a schema: a type's name, or an object. @throws E_INPUT, E_NOT_SUPPORTED */
export function parseFieldSchema(value: unknown): FieldSchema {
  const parsed = fieldSchema.safeParse(plain(value));
  if (!parsed.success) {
    throw malformed("data did not match any variant of untagged enum PayloadFieldSchema");
  }
  if (typeof parsed.data === "string") return { type: parsed.data, params: null };
  const params = parsed.data;
  if (params.type === "integer" && params.lookup === false && params.range === false) {
    throw invalid(
      "Validation error in JSON body: [field_schema.lookup: Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]]",
    );
  }
  // What is not there to be had is refused now, and not at the first search.
  if (params.type === "text") tokenizerOf(params);
  return { type: params.type, params };
}

/** JSON text of the schema, as it is kept. */
export function fieldSchemaText({ type, params }: FieldSchema): string {
  return params === null ? JSON.stringify(type) : paramsText(params);
}

/** Whether two schemas mean the same: a type alone is the type with nothing given. */
export function isSameSchema(one: FieldSchema, other: FieldSchema): boolean {
  const expanded = ({ type, params }: FieldSchema): string =>
    paramsText(params ?? paramsSchema.parse({ type }));
  return expanded(one) === expanded(other);
}

/** JSON text of the parameters, as Qdrant answers them. */
export function paramsText(params: FieldParams): string {
  const shape = paramsSchema.options.find((option) => option.shape.type.value === params.type);
  const given = new Map<string, unknown>(Object.entries(params));
  const members = Object.keys(shape?.shape ?? {}).flatMap((name) => {
    const value = given.get(name) ?? null;
    if (value === null && !answeredNull.has(name)) return [];
    return [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
  });
  return `{${members.join(",")}}`;
}

/** The stop words and the stemmer of a language, by its name or short form; null where it has none. */
export function forLanguage(language: string): Pick<TextSettings, "stopwords" | "stemmer"> {
  const stem = stemmerLanguage.safeParse(language).data;
  return {
    stopwords: stopwordLanguage.safeParse(language).data ?? null,
    stemmer: stem === undefined ? null : { type: "snowball", language: stem },
  };
}

/** The tokenizer that cuts texts so; null = as an index of which nothing is said. @throws E_NOT_SUPPORTED */
export function tokenizerOf(params: TextSettings | null): Tokenizer {
  const lowercase = params?.lowercase ?? true;
  const words = stopwordList(params?.stopwords ?? null);
  return new Tokenizer({
    kind: params?.tokenizer ?? "word",
    lowercase,
    asciiFolding: params?.ascii_folding ?? false,
    stopwords: new Set(lowercase ? words.map((word) => word.toLowerCase()) : words),
    stem: params?.stemmer == null ? null : stemmerOf(params.stemmer.language),
    minLength: params?.min_token_len ?? null,
    maxLength: params?.max_token_len ?? null,
  });
}

function stopwordList(given: z.output<typeof stopwordsSchema> | null): readonly string[] {
  if (given === null) return [];
  if (typeof given === "string") return stopwordsOf(given);
  return [...(given.languages ?? []).flatMap(stopwordsOf), ...(given.custom ?? [])];
}
