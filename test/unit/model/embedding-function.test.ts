import { describe, expect, it } from "vitest";
import { embeddingFunctionOf } from "../../../src/model/embedding-function.ts";

function recorded(parts: { schema?: object; configuration?: object; metadata?: object }) {
  const text = (part: object | undefined) => (part === undefined ? null : JSON.stringify(part));
  return embeddingFunctionOf({
    schema: text(parts.schema),
    configuration: text(parts.configuration),
    metadata: text(parts.metadata),
  });
}

function schemaOf(embedding: unknown): object {
  const config = { space: "l2", embedding_function: embedding };
  return { keys: { "#embedding": { float_list: { vector_index: { enabled: true, config } } } } };
}

const openai = {
  type: "known",
  name: "openai",
  config: { model_name: "text-embedding-3-small", api_key_env_var: "MY_KEY", dimensions: 512 },
};

describe("embeddingFunctionOf", () => {
  it("reads a known one from the configuration of 1.0 and later", () => {
    expect(recorded({ configuration: { embedding_function: openai } })).toEqual({
      status: "known",
      name: "openai",
      model: "text-embedding-3-small",
      from: "configuration",
      settings: { api_key_env_var: "MY_KEY", dimensions: 512 },
    });
  });

  it("reads it from the schema of 1.3 and later, which goes before the configuration", () => {
    const found = recorded({
      schema: schemaOf(openai),
      configuration: { embedding_function: { type: "legacy" } },
    });
    expect(found).toMatchObject({ status: "known", name: "openai", from: "schema" });
  });

  it("a schema that says nothing does not hide what the configuration says", () => {
    const configuration = { embedding_function: openai };
    for (const schema of [schemaOf({ type: "unknown" }), schemaOf(undefined), {}])
      expect(recorded({ schema, configuration })).toMatchObject({ name: "openai" });
  });

  it("tells one of the application's own from nothing recorded", () => {
    expect(recorded({ configuration: { embedding_function: { type: "legacy" } } }).status).toBe(
      "own",
    );
    expect(recorded({ configuration: { embedding_function: null } }).status).toBe("not-recorded");
    const older = { hnsw_configuration: { space: "l2" }, _type: "CollectionConfigurationInternal" };
    expect(recorded({ configuration: older }).status).toBe("not-recorded");
    expect(recorded({ schema: schemaOf({ type: "unknown" }) }).status).toBe("not-recorded");
    expect(recorded({}).status).toBe("not-recorded");
  });

  it("knows the model of those that have no choice, and takes `model` for `model_name`", () => {
    const named = (name: string, config: object) =>
      recorded({ configuration: { embedding_function: { type: "known", name, config } } });
    expect(named("default", {})).toMatchObject({ model: "all-MiniLM-L6-v2" });
    expect(named("mistral", { model: "mistral-embed" })).toMatchObject({ model: "mistral-embed" });
    expect(named("text2vec", {})).toMatchObject({ name: "text2vec", model: null });
  });

  it("takes what an application has noted in the metadata", () => {
    expect(recorded({ metadata: { embedding_model: "bge-small" } })).toMatchObject({
      status: "known",
      name: null,
      model: "bge-small",
      from: "metadata",
    });
  });

  it("keeps no key, no password, no header", () => {
    const config = {
      model_name: "m",
      api_key: "sk-secret",
      default_headers: { authorization: "secret" },
      api_base: "https://user:secret@host/v1?key=secret",
    };
    const found = recorded({
      configuration: { embedding_function: { type: "known", name: "openai", config } },
    });
    expect(found.settings).toEqual({ api_base: "https://host/v1" });
    expect(JSON.stringify(found)).not.toContain("secret");
  });

  it.each([1, "text", [], { embedding_function: 7 }, { embedding_function: { type: 3 } }])(
    "is not misled by %j",
    (configuration) => {
      expect(
        embeddingFunctionOf({
          schema: "{",
          configuration: JSON.stringify(configuration),
          metadata: "[]",
        }).status,
      ).toBe("not-recorded");
    },
  );
});
