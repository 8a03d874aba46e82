import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chromaFlags, qdrantFlags } from "../../../src/cli/end-flags.ts";
import { makeFlags, scopeFlags, shapeFlags } from "../../../src/cli/flags.ts";
import { readSettings } from "../../../src/cli/setting.ts";
import { isVectorError, type VectorError } from "../../../src/errors.ts";
import { type Environment, readEnvironment } from "../../../src/util/environment.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-env-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const none: Environment = () => undefined;

function failure(run: () => unknown): VectorError {
  try {
    run();
  } catch (error) {
    if (isVectorError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the environment", () => {
  it("goes before .env, and an empty variable counts as unset in both", () => {
    writeFileSync(join(folder, ".env"), "A=file\nB=\"file b\" # comment\nC=\nexport D='file d'\n");
    const environment = readEnvironment({ A: "own", B: "", C: "" }, folder);
    expect(environment("A")).toEqual({ text: "own", from: "environment" });
    expect(environment("B")).toEqual({ text: "file b", from: ".env" });
    expect(environment("C")).toBeUndefined();
    expect(environment("D")).toEqual({ text: "file d", from: ".env" });
  });

  it("does without .env, and with a folder of that name", () => {
    expect(readEnvironment({ A: "own" }, folder)("A")?.text).toBe("own");
    mkdirSync(join(folder, ".env"));
    expect(readEnvironment({}, folder)("A")).toBeUndefined();
  });

  it("leaves the process's own variables alone", () => {
    writeFileSync(join(folder, ".env"), "VECFERRY_TEST_VARIABLE=1\n");
    expect(readEnvironment({}, folder)("VECFERRY_TEST_VARIABLE")?.text).toBe("1");
    expect(process.env["VECFERRY_TEST_VARIABLE"]).toBeUndefined();
  });
});

describe("a setting", () => {
  it("comes from its flag, else its variable, else .env, and says which", () => {
    writeFileSync(join(folder, ".env"), "QDRANT_HOST=c\nQDRANT_PORT=3\nQDRANT_GRPC_PORT=4\n");
    const environment = readEnvironment({ QDRANT_HOST: "b", QDRANT_PORT: "2" }, folder);
    const { values, origins } = readSettings(qdrantFlags, { qdrantHost: "a" }, environment);
    expect(values).toMatchObject({ qdrantHost: "a", qdrantPort: 2, qdrantGrpcPort: 4 });
    expect(origins).toEqual({
      qdrantHost: "flag",
      qdrantPort: "environment",
      qdrantGrpcPort: ".env",
    });
  });

  it.each([
    ["QDRANT_USE_HTTPS", "true", true],
    ["QDRANT_USE_HTTPS", "0", false],
    ["QDRANT_USE_HTTPS", "No", false],
  ])("that is a switch reads %s=%s", (name, text, value) => {
    const environment = readEnvironment({ [name]: text }, folder);
    expect(readSettings(qdrantFlags, {}, environment).values.qdrantUseHttps).toBe(value);
  });

  it("of headers takes one a line from its variable", () => {
    const environment = readEnvironment({ CHROMA_HEADER: "X-A: 1\nX-B: two words\n" }, folder);
    expect(readSettings(chromaFlags, {}, environment).values.chromadbHeader).toEqual({
      "X-A": "1",
      "X-B": "two words",
    });
  });

  it("of distance knows Chroma's words and Qdrant's, in any case", () => {
    const read = (word: string) =>
      readSettings(shapeFlags, { distanceMetric: word }, none).values.distanceMetric;
    expect(["cosine", "Cosine", "IP", "dot", "L2", "Euclid"].map(read)).toEqual([
      "cosine",
      "cosine",
      "ip",
      "ip",
      "l2",
      "l2",
    ]);
  });

  it("of a payload index takes the type behind the last colon, keyword without one", () => {
    const index = ["year:integer", "a.b[]", "chroma:uri:keyword"];
    expect(readSettings(makeFlags, { index }, none).values.index).toEqual([
      { key: "year", type: "integer" },
      { key: "a.b[]", type: "keyword" },
      { key: "chroma:uri", type: "keyword" },
    ]);
  });

  it("of pairs splits at the first equals sign", () => {
    const { rename, idPrefix } = readSettings(
      shapeFlags,
      { rename: ["a=b=c"], idPrefix: ["a=x/"] },
      none,
    ).values;
    expect([...(rename ?? []), ...(idPrefix ?? [])]).toEqual([
      ["a", "b=c"],
      ["a", "x/"],
    ]);
  });

  it.each([
    [qdrantFlags, "qdrantPort", "0", "--qdrant-port must be a whole number from 1 to 65535"],
    [qdrantFlags, "qdrantPort", "6e3", 'but it is "6e3"'],
    [qdrantFlags, "qdrantHost", "http://h", "--qdrant-host must be the name of a host alone"],
    [scopeFlags, "limit", "-1", "--limit must be a whole number"],
    [scopeFlags, "where", "{a", "--where must be JSON"],
    [shapeFlags, "vectorSize", "384.0", "--vector-size must be a whole number from 1 to 65536"],
    [shapeFlags, "distanceMetric", "manhattan", "--distance-metric must be cosine, ip (dot)"],
    [shapeFlags, "distanceMetric", "constructor", "--distance-metric must be cosine, ip (dot)"],
    [shapeFlags, "layout", "nested", "--layout must be one of vecferry, flat"],
    [shapeFlags, "rename", ["a=b", "a="], 'must be NAME=TEXT, but it is "a="'],
    [shapeFlags, "idPrefix", ["a=b", "a=c"], 'only once, but it is "a=c"'],
    [shapeFlags, "defaultTenant", "", "--default-tenant must not be empty"],
    [makeFlags, "index", ["a", "b", "a:integer"], 'a key only once, but it is "a:integer"'],
    [makeFlags, "index", ["a:int"], "with a type of keyword, integer"],
    [makeFlags, "quantization", "int8", "--quantization must be one of scalar"],
    [makeFlags, "quantizationQuantile", "1.5", "must be a number from 0.5 to 1"],
    [makeFlags, "shards", "0", "--shards must be a whole number from 1"],
    [chromaFlags, "chromadbTokenHeader", "X-Other", "must be Authorization or X-Chroma-Token"],
  ])("that is wrong is named with what it must be: %#", (table, name, value, words) => {
    const error = failure(() => readSettings(table, { [name]: value }, none));
    expect(error.code).toBe("E_CONFIG");
    expect(error.message).toContain(words);
  });

  it("that came by a variable is named by the variable and its place", () => {
    writeFileSync(join(folder, ".env"), "VECTOR_DIMENSION=many\n");
    const error = failure(() => readSettings(shapeFlags, {}, readEnvironment({}, folder)));
    expect(error.message).toContain("VECTOR_DIMENSION (in .env) must be a whole number");
  });

  it("that is a secret is not repeated when it is wrong", () => {
    const bad = { chromadbHeader: ["s3cr3tvalue\r\nX: y"] };
    const error = failure(() => readSettings(chromaFlags, bad, none));
    expect(error.message).toContain("--chromadb-header must be 'Name: value'");
    expect(JSON.stringify([error.message, error.next, error.details])).not.toContain("s3cr3tvalue");
  });
});
