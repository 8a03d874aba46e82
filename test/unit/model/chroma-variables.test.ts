import { describe, expect, it } from "vitest";
import {
  chromaVariable,
  chromaVariables,
  variableInstead,
} from "../../../src/model/chroma-variables.ts";

describe("a variable of Chroma's", () => {
  it.each([
    ["CHROMA_HOST", "QDRANT_HOST"],
    ["CHROMADB_PORT", "QDRANT_PORT"],
    // Where a client finds the server, for all its name.
    ["CHROMA_SERVER_HOST", "QDRANT_HOST"],
    ["CHROMA_HOST_ADDR", "QDRANT__SERVICE__HOST"],
    ["ANONYMIZED_TELEMETRY", "QDRANT__TELEMETRY_DISABLED"],
    ["CHROMA_ANONYMIZED_TELEMETRY", null],
    ["CHROMA_TENANT", null],
    ["CHROMA_constructor", null],
    ["HOST", null],
  ])("%s has %s in its place", (name, instead) => {
    expect(variableInstead(name)).toBe(instead);
  });

  it("is known by its prefix where its whole name is not", () => {
    for (const name of chromaVariables.filter((name) => name.startsWith("CHROMA")))
      expect(chromaVariable.exec(`export ${name}=1`)?.[0]).toBe(name);
    expect(chromaVariable.test("MY_CHROMA_X=1")).toBe(false);
  });
});
