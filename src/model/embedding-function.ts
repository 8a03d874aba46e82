/**
 * The embedding function that Chroma records for a collection. Clients record one since 1.0: in the configuration as
 * `embedding_function`, and since 1.3 in the schema, at keys["#embedding"].float_list.vector_index.config. Its form is
 * { type: "known", name, config } for those that Chroma can build itself (chroma-core/chroma, schemas/embedding_functions),
 * { type: "legacy" } for one of the application's own, nothing, null or { type: "unknown" } (it depends on the version) where
 * none was named. Older versions keep none; applications sometimes note a model in the metadata.
 */
import { z } from "zod";
import { parseJson } from "../util/json.ts";
import type { CollectionInfo } from "./collection.ts";

const embeddingPlaces = ["schema", "configuration", "metadata"] as const;

export const embeddingFunctionSchema = z.object({
  status: z
    .enum(["known", "own", "not-recorded"])
    .describe(
      "known = named; own = one of the application's own, without a name; not-recorded = nothing is kept.",
    ),
  name: z.string().nullable().describe("As Chroma names it: openai, sentence_transformer, …"),
  model: z.string().nullable(),
  from: z.enum(embeddingPlaces).nullable().describe("Where it was found."),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe("What else of its configuration bears on a query; never a key."),
});

export type EmbeddingFunction = Readonly<z.infer<typeof embeddingFunctionSchema>>;

/** What of a function's configuration is kept: nothing that may be a secret. */
const settingNames = [
  "account_id",
  "api_base",
  "api_key_env_var",
  "api_type",
  "api_version",
  "base_url",
  "deployment_id",
  "dimension",
  "dimensions",
  "input_type",
  "normalize_embeddings",
  "normalized",
  "quantized",
  "revision",
  "task",
  "task_type",
  "url",
] as const;

/** The model of those that have no choice. */
const fixedModels: Readonly<Record<string, string>> = {
  default: "all-MiniLM-L6-v2",
  onnx_mini_lm_l6_v2: "all-MiniLM-L6-v2",
};

const recorded = z
  .object({
    type: z.string(),
    name: z.string().optional().catch(undefined),
    config: z.record(z.string(), z.unknown()).optional().catch(undefined),
  })
  .nullish()
  .catch(undefined);

const configurationSchema = z.object({ embedding_function: recorded });
const schemaSchema = z.object({
  keys: z.object({
    "#embedding": z.object({
      float_list: z.object({
        vector_index: z.object({ config: z.object({ embedding_function: recorded }) }),
      }),
    }),
  }),
});
const notedSchema = z.object({
  embedding_model: z.string().optional().catch(undefined),
  embedding_function: z.string().optional().catch(undefined),
});

const notRecorded: EmbeddingFunction = {
  status: "not-recorded",
  name: null,
  model: null,
  from: null,
  settings: {},
};

/** The embedding function that the source records for a collection; what says the most goes first. */
export function embeddingFunctionOf(
  info: Pick<CollectionInfo, "schema" | "configuration" | "metadata">,
): EmbeddingFunction {
  const inSchema = schemaSchema.safeParse(decoded(info.schema)).data?.keys["#embedding"].float_list
    .vector_index.config.embedding_function;
  const inConfiguration = configurationSchema.safeParse(decoded(info.configuration)).data
    ?.embedding_function;
  const found = [
    read(inSchema, "schema"),
    read(inConfiguration, "configuration"),
    readMetadata(info.metadata),
  ];
  for (const status of ["known", "own"] as const) {
    const one = found.find((each) => each.status === status);
    if (one !== undefined) return one;
  }
  return notRecorded;
}

function decoded(text: string | null): unknown {
  return text === null ? null : parseJson(text);
}

function read(
  entry: z.infer<typeof recorded>,
  from: "schema" | "configuration",
): EmbeddingFunction {
  if (entry === undefined || entry === null) return notRecorded;
  if (entry.type === "legacy") return { ...notRecorded, status: "own", from };
  if (entry.type !== "known" || entry.name === undefined) return notRecorded;
  const config = entry.config ?? {};
  const model = config["model_name"] ?? config["model"] ?? fixedModels[entry.name];
  return {
    status: "known",
    name: entry.name,
    model: typeof model === "string" ? model : null,
    from,
    settings: settingsOf(config),
  };
}

function settingsOf(config: Readonly<Record<string, unknown>>): EmbeddingFunction["settings"] {
  const kept: Record<string, string | number | boolean> = {};
  for (const name of settingNames) {
    const value = config[name];
    // A user and a password may stand in an address.
    if (typeof value === "string")
      kept[name] = value.replace(/\/\/[^/?#]*@/s, "//").replace(/\?.*$/s, "");
    else if (typeof value === "number" || typeof value === "boolean") kept[name] = value;
  }
  return kept;
}

/** What an application may have noted itself. */
function readMetadata(text: string | null): EmbeddingFunction {
  const { data } = notedSchema.safeParse(decoded(text));
  if (data?.embedding_function === undefined && data?.embedding_model === undefined)
    return notRecorded;
  return {
    status: "known",
    name: data.embedding_function ?? null,
    model: data.embedding_model ?? null,
    from: "metadata",
    settings: {},
  };
}
