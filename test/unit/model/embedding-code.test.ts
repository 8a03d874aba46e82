import { stripTypeScriptTypes } from "node:module";
import { describe, expect, it } from "vitest";
import { embeddingCode } from "../../../src/model/embedding-code.ts";
import type { EmbeddingFunction } from "../../../src/model/embedding-function.ts";

function known(
  name: string,
  model: string | null,
  settings: EmbeddingFunction["settings"] = {},
): EmbeddingFunction {
  return { status: "known", name, model, from: "configuration", settings };
}

function codeOf(recorded: EmbeddingFunction, unit = true): string {
  return embeddingCode(recorded, { unit, dimension: 3 })?.code ?? "";
}

const names = [
  "cloudflare_workers_ai",
  "cohere",
  "default",
  "google_gemini",
  "google_genai",
  "google_generative_ai",
  "huggingface",
  "huggingface_server",
  "jina",
  "mistral",
  "ollama",
  "onnx_mini_lm_l6_v2",
  "openai",
  "sentence_transformer",
  "together_ai",
  "transformers",
  "voyageai",
];

/** Runs a line that uses fetch; gives what it asked for and the vector that it made of the answer. */
async function run(code: string, answer: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return { json: async () => answer };
  };
  const body = stripTypeScriptTypes(`async (query, fetch, process) => { ${code} return vector; }`);
  const made = new Function(`return ${body}`)();
  const vector: unknown = await made("what?", fetch, { env: { K: "key" } });
  const [{ url, init } = { url: "", init: {} }] = asked;
  return { url, vector, headers: init.headers, body: JSON.parse(String(init.body)) };
}

describe("embeddingCode", () => {
  it.each(names)(
    "writes TypeScript that makes `vector` of `query` for %s, whatever the names",
    (name) => {
      const nasty = '"};process.exit()//`$\u007bx}';
      for (const settings of [
        {},
        { api_key_env_var: nasty, url: nasty, account_id: nasty, task: nasty },
      ]) {
        const code = codeOf(known(name, nasty, settings));
        expect(code).toContain("const vector = ");
        expect(code).toContain("query");
        const parts = code.split("\n").filter((line) => !line.startsWith("import "));
        expect(() => stripTypeScriptTypes(`async () => { ${parts.join("\n")} }`)).not.toThrow();
      }
    },
  );

  it("uses OpenAI's own client with the recorded model, dimensions and variable", () => {
    const settings = { api_key_env_var: "MY_KEY", dimensions: 512, api_base: "https://x/v1" };
    const code = codeOf(known("openai", "text-embedding-3-small", settings));
    expect(code).toContain('import { OpenAI } from "openai";');
    expect(code).toContain('new OpenAI({ apiKey: process.env.MY_KEY, baseURL: "https://x/v1" })');
    expect(code).toContain('{ model: "text-embedding-3-small", input: query, dimensions: 512 }');
  });

  it("normalizes what MiniLM gives only where the stored vectors are of unit length", () => {
    const recorded = known("sentence_transformer", "all-mpnet-base-v2");
    expect(codeOf(recorded, true)).toContain('"sentence-transformers/all-mpnet-base-v2"');
    expect(codeOf(recorded, true)).toContain("normalize: true");
    expect(codeOf(recorded, false)).toContain("normalize: false");
    expect(codeOf(known("default", "all-MiniLM-L6-v2"), false)).toContain("normalize: true");
  });

  it("asks Ollama where the collection's was", async () => {
    const recorded = known("ollama", "nomic-embed-text", {
      url: "http://box:11434/api/embeddings",
    });
    const found = await run(codeOf(recorded), { embeddings: [[1, 2]] });
    expect(found).toMatchObject({
      url: "http://box:11434/api/embed",
      body: { model: "nomic-embed-text", input: "what?" },
      vector: [1, 2],
    });
  });

  it("asks Jina with the recorded task and dimensions, and the key of the recorded variable", async () => {
    const settings = { api_key_env_var: "K", task: "text-matching", dimensions: 64 };
    const found = await run(codeOf(known("jina", "jina-embeddings-v3", settings)), {
      data: [{ embedding: [3] }],
    });
    expect(found).toMatchObject({
      headers: { authorization: "Bearer key" },
      body: {
        model: "jina-embeddings-v3",
        input: ["what?"],
        task: "text-matching",
        dimensions: 64,
      },
      vector: [3],
    });
  });

  it("has no line for what it does not know", () => {
    expect(embeddingCode(known("instructor", "x"), { unit: true, dimension: 3 })).toBeNull();
    expect(embeddingCode(known("toString", "x"), { unit: true, dimension: 3 })).toBeNull();
    expect(embeddingCode(known("openai", null), { unit: true, dimension: 3 })).toBeNull();
    const own = { status: "own", name: null, model: null, from: "schema", settings: {} } as const;
    expect(embeddingCode(own, { unit: true, dimension: 3 })).toBeNull();
  });
});
