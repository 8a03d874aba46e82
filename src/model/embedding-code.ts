/**
 * A line of TypeScript that embeds a query as Chroma's own client would have: the same model by the same interface, with what
 * the collection's configuration says of task and dimensions.
 */
import { z } from "zod";
import type { EmbeddingFunction } from "./embedding-function.ts";

export const embeddingCodeSchema = z.object({
  package: z.string().nullable().describe("What to install; null = nothing, the line uses fetch."),
  code: z.string().describe("TypeScript: from `query`, a text, it makes `vector`."),
  note: z.string().nullable(),
});

export type EmbeddingCode = Readonly<z.infer<typeof embeddingCodeSchema>>;

/** What a line is made of. */
interface Parts {
  readonly model: string;
  /** A setting as a TypeScript literal; null where it is not set. */
  readonly literal: (name: string) => string | null;
  /** The variable that holds the key, as an expression. */
  readonly key: string;
  /** Whether the stored vectors are of unit length. */
  readonly unit: boolean;
  /** Dimension of the stored vectors. */
  readonly dimension: number | null;
}

type Writer = (parts: Parts) => EmbeddingCode;

/** The line for a recorded function; null where it is unknown, or none that a line could call. */
export function embeddingCode(
  recorded: EmbeddingFunction,
  stored: { readonly unit: boolean; readonly dimension: number | null },
): EmbeddingCode | null {
  const { name, model, settings } = recorded;
  if (recorded.status !== "known" || name === null) return null;
  const entry = Object.hasOwn(writers, name) ? writers[name] : undefined;
  if (entry === undefined || (model === null && entry.needsModel)) return null;
  const variable = String(settings["api_key_env_var"] ?? entry.variable);
  return entry.write({
    model: JSON.stringify(model ?? ""),
    literal: (setting) => {
      const value = settings[setting];
      return value === undefined ? null : JSON.stringify(value);
    },
    key: /^\w+$/.test(variable)
      ? `process.env.${variable}`
      : `process.env[${JSON.stringify(variable)}]`,
    ...stored,
  });
}

/** Members of an object literal; those that are not set are left out. */
function members(entries: Readonly<Record<string, string | null>>): string {
  return Object.entries(entries)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}

/** A line that posts to an interface over HTTP and picks the vector out of the answer. */
function posted(
  url: string,
  key: string | null,
  body: string,
  pick: string,
  note: string | null = null,
): EmbeddingCode {
  const headers = members({
    "content-type": '"application/json"',
    authorization: key === null ? null : `\`Bearer \${${key}}\``,
  }).replace("content-type", '"content-type"');
  const request = `await fetch(${url}, { method: "POST", headers: { ${headers} }, body: JSON.stringify({ ${body} }) })`;
  return { package: null, code: `const vector = (await (${request}).json())${pick};`, note };
}

const openAi: Writer = ({ model, literal, key }) => {
  const azure = literal("api_type") === '"azure"';
  const options = azure
    ? members({
        apiKey: key,
        endpoint: literal("api_base"),
        apiVersion: literal("api_version"),
        deployment: literal("deployment_id"),
      })
    : members({ apiKey: key, baseURL: literal("api_base") });
  const input = members({ model, input: "query", dimensions: literal("dimensions") });
  const client = azure ? "AzureOpenAI" : "OpenAI";
  return {
    package: "openai",
    code:
      `import { ${client} } from "openai";\n` +
      `const vector = (await new ${client}({ ${options} }).embeddings.create({ ${input} })).data[0]?.embedding;`,
    note: null,
  };
};

const google: Writer = ({ model, literal, key }) => {
  const config = members({
    taskType: literal("task_type"),
    outputDimensionality: literal("dimension"),
  });
  const settings = config === "" ? "" : `, config: { ${config} }`;
  return {
    package: "@google/genai",
    code:
      'import { GoogleGenAI } from "@google/genai";\n' +
      `const vector = (await new GoogleGenAI({ apiKey: ${key} }).models.embedContent({ model: ${model}, contents: query${settings} })).embeddings?.[0]?.values;`,
    note: null,
  };
};

const transformers: Writer = ({ model, literal, unit, dimension }) => {
  const name = model.includes("/") ? model : `"sentence-transformers/${model.slice(1)}`;
  const dtype = literal("quantized") === "true" ? '"q8"' : '"fp32"';
  return {
    package: "@huggingface/transformers",
    code:
      'import { pipeline } from "@huggingface/transformers";\n' +
      `const embed = await pipeline("feature-extraction", ${name}, { dtype: ${dtype} });\n` +
      `const vector = Array.from((await embed(query, { pooling: "mean", normalize: ${unit} })).data);`,
    note:
      dimension === null
        ? null
        : `The model must be there as ONNX, and its card says whether its pooling is the mean; ${dimension} numbers must come out.`,
  };
};

const miniLm: Writer = (parts) => ({
  ...transformers({ ...parts, model: '"sentence-transformers/all-MiniLM-L6-v2"', unit: true }),
  note: null,
});

const ollama: Writer = ({ model, literal }) => {
  const base = (literal("url") ?? '"http://localhost:11434"').replace(
    /(\/api\/embed(dings)?)?\/?"$/,
    '"',
  );
  return posted(
    `${base.slice(0, -1)}/api/embed"`,
    null,
    `model: ${model}, input: query`,
    ".embeddings[0]",
  );
};

interface Entry {
  readonly write: Writer;
  /** The variable that holds the key where the configuration names none. */
  readonly variable: string;
  readonly needsModel: boolean;
}

function entry(write: Writer, variable = "API_KEY", needsModel = true): Entry {
  return { write, variable, needsModel };
}

/** By the name that Chroma gives the function. */
const writers: Readonly<Record<string, Entry>> = {
  default: entry(miniLm),
  onnx_mini_lm_l6_v2: entry(miniLm),
  sentence_transformer: entry(transformers),
  transformers: entry(transformers),
  openai: entry(openAi, "OPENAI_API_KEY"),
  google_gemini: entry(google, "GEMINI_API_KEY"),
  google_genai: entry(google, "GOOGLE_API_KEY"),
  google_generative_ai: entry(google, "GOOGLE_API_KEY"),
  ollama: entry(ollama),
  cohere: entry(
    ({ model, key }) =>
      posted(
        '"https://api.cohere.com/v2/embed"',
        key,
        `model: ${model}, texts: [query], input_type: "search_query", embedding_types: ["float"]`,
        ".embeddings.float[0]",
        'Chroma\'s Python client embeds queries as documents too; input_type "search_document" gives exactly its vectors.',
      ),
    "COHERE_API_KEY",
  ),
  jina: entry(
    ({ model, literal, key }) =>
      posted(
        '"https://api.jina.ai/v1/embeddings"',
        key,
        members({
          model,
          input: "[query]",
          task: literal("task"),
          dimensions: literal("dimensions"),
          normalized: literal("normalized"),
        }),
        ".data[0].embedding",
        literal("task")?.includes("passage") === true
          ? 'For queries Jina has a task of its own: "retrieval.query".'
          : null,
      ),
    "JINA_API_KEY",
  ),
  voyageai: entry(
    ({ model, literal, key }) =>
      posted(
        '"https://api.voyageai.com/v1/embeddings"',
        key,
        members({ model, input: "[query]", input_type: literal("input_type") }),
        ".data[0].embedding",
      ),
    "VOYAGE_API_KEY",
  ),
  mistral: entry(
    ({ model, key }) =>
      posted(
        '"https://api.mistral.ai/v1/embeddings"',
        key,
        `model: ${model}, input: [query]`,
        ".data[0].embedding",
      ),
    "MISTRAL_API_KEY",
  ),
  together_ai: entry(
    ({ model, key }) =>
      posted(
        '"https://api.together.xyz/v1/embeddings"',
        key,
        `model: ${model}, input: query`,
        ".data[0].embedding",
      ),
    "TOGETHER_API_KEY",
  ),
  cloudflare_workers_ai: entry(({ model, literal, key }) => {
    const account = literal("account_id") ?? '"ACCOUNT_ID"';
    const path = `${account.slice(1, -1)}/ai/run/${model.slice(1, -1)}`;
    return posted(
      `"https://api.cloudflare.com/client/v4/accounts/${path}"`,
      key,
      "text: [query]",
      ".result.data[0]",
    );
  }, "CLOUDFLARE_API_KEY"),
  huggingface: entry(
    ({ model, key }) => ({
      package: "@huggingface/inference",
      code:
        'import { InferenceClient } from "@huggingface/inference";\n' +
        `const vector = await new InferenceClient(${key}).featureExtraction({ model: ${model}, inputs: query });`,
      note: null,
    }),
    "HF_TOKEN",
  ),
  huggingface_server: entry(
    ({ literal }) =>
      posted(literal("url") ?? '"http://localhost:8080/embed"', null, "inputs: [query]", "[0]"),
    "HF_TOKEN",
    false,
  ),
};
