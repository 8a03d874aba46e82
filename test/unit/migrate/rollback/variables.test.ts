import { describe, expect, it } from "vitest";
import type { ComposeFile } from "../../../../src/migrate/rollback/compose.ts";
import { environmentLines, variableChanges } from "../../../../src/migrate/rollback/variables.ts";
import type { StoreIdentity } from "../../../../src/store/port.ts";
import type { Environment } from "../../../../src/util/environment.ts";

const chroma: StoreIdentity = {
  kind: "chroma",
  address: "http://db.internal:8000",
  tenant: "default_tenant",
  database: "default_database",
  version: null,
};

function environment(variables: Readonly<Record<string, string>>): Environment {
  return (name) => {
    const text = variables[name];
    return text === undefined ? undefined : { text, from: ".env" };
  };
}

const compose: ComposeFile = {
  file: "compose.yaml",
  fault: null,
  services: [
    { name: "vectors", image: "chromadb/chroma", role: "chroma", variables: {} },
    {
      name: "app",
      image: null,
      role: "application",
      variables: { USE_QDRANT: "true", VECTOR_COLLECTION_NAME: "knowledge" },
    },
  ],
};

describe("the variables after the way back", () => {
  it("choose Chroma where it is, and nothing that is its default", () => {
    const changes = variableChanges(chroma, environment({}), [], []);
    expect(environmentLines(changes)).toEqual([
      "VECTOR_DB_TYPE=chromadb",
      "CHROMA_HOST=db.internal",
      "CHROMA_PORT=8000",
    ]);
  });

  it("say tenant, database and TLS where they are not the default, or something else is set", () => {
    const other = { ...chroma, address: "https://db.internal", tenant: "acme", database: "prod" };
    expect(environmentLines(variableChanges(other, environment({}), [], []))).toEqual([
      "VECTOR_DB_TYPE=chromadb",
      "CHROMA_HOST=db.internal",
      "CHROMA_PORT=443",
      "CHROMA_USE_HTTPS=true",
      "CHROMA_TENANT=acme",
      "CHROMA_DATABASE=prod",
    ]);
    const set = { CHROMA_TENANT: "another", CHROMA_USE_HTTPS: "true" };
    expect(environmentLines(variableChanges(chroma, environment(set), [], []))).toEqual([
      "VECTOR_DB_TYPE=chromadb",
      "CHROMA_HOST=db.internal",
      "CHROMA_PORT=8000",
      "CHROMA_USE_HTTPS=false",
      "CHROMA_TENANT=default_tenant",
    ]);
  });

  it("are told with every place where they are set, but no key", () => {
    const set = { QDRANT_URL: "http://me:secret@q:6333", QDRANT_API_KEY: "secret" };
    const changes = variableChanges(
      chroma,
      environment(set),
      [compose],
      [{ source: "docs", target: "knowledge" }],
    );
    expect(JSON.stringify(changes)).not.toContain("secret");
    const named = Object.fromEntries(changes.map((one) => [one.name, one]));
    expect(named["QDRANT_API_KEY"]).toMatchObject({
      becomes: null,
      places: [{ value: "(a key)" }],
    });
    expect(named["USE_QDRANT"]).toMatchObject({
      becomes: "false",
      places: [{ where: "compose.yaml, service app", value: "true" }],
    });
    expect(named["VECTOR_COLLECTION_NAME"]?.becomes).toBe("docs");
    expect(named["CHROMA_HOST"]?.why).toContain("vectors for the services of compose.yaml");
  });

  it("leave a collection's name alone where several went there, or its name is the same", () => {
    const several = [
      { source: "a", target: "knowledge" },
      { source: "b", target: "knowledge" },
    ];
    for (const renamed of [several, [{ source: "knowledge", target: "knowledge" }], []]) {
      const changes = variableChanges(chroma, environment({}), [compose], renamed);
      const name = changes.find((one) => one.name === "VECTOR_COLLECTION_NAME");
      expect(name?.becomes).toBe(null);
    }
  });
});
