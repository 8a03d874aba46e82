import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chromaFlags, qdrantFlags } from "../../../src/cli/end-flags.ts";
import { chromaOptions, qdrantOptions, sourceEnd, targetEnd } from "../../../src/cli/ends.ts";
import { Keys } from "../../../src/cli/keys.ts";
import { readSettings } from "../../../src/cli/setting.ts";
import { isVectorError } from "../../../src/errors.ts";
import type { Environment } from "../../../src/util/environment.ts";

type Given = Readonly<Record<string, unknown>>;
/** Variables whose name begins with a dot stand in `.env`. */
type Variables = Readonly<Record<string, string>>;

function environmentOf(variables: Variables): Environment {
  return (name) => {
    const own = variables[name];
    if (own !== undefined) return { text: own, from: "environment" };
    const text = variables[`.${name}`];
    return text === undefined ? undefined : { text, from: ".env" };
  };
}

const chroma = (given: Given, variables: Variables = {}) =>
  readSettings(chromaFlags, given, environmentOf(variables));
const qdrant = (given: Given, variables: Variables = {}) =>
  readSettings(qdrantFlags, given, environmentOf(variables));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return isVectorError(error) ? error.code : String(error);
  }
  return "none";
}

describe("the target", () => {
  const url = (
    positional: string | undefined,
    given: Given,
    variables: Variables = {},
  ): unknown => {
    const { address } = targetEnd(positional, qdrant(given, variables));
    return address.kind === "qdrant" ? address.url : address;
  };

  it.each<[string, string | undefined, Given, Variables, string]>([
    ["defaults", undefined, {}, {}, "http://localhost:6333"],
    ["host and port", undefined, { qdrantHost: "H", qdrantPort: "7" }, {}, "http://h:7"],
    ["TLS", undefined, { qdrantHost: "h", qdrantUseHttps: true }, {}, "https://h:6333"],
    ["variables", undefined, {}, { QDRANT_HOST: "h", QDRANT_PORT: "7" }, "http://h:7"],
    ["QDRANT_URL", undefined, {}, { QDRANT_URL: "https://u:1" }, "https://u:1"],
    [
      "the URL before a host beside it",
      undefined,
      {},
      { QDRANT_URL: "http://u:1", QDRANT_HOST: "h", QDRANT_PORT: "7" },
      "http://u:1",
    ],
    [
      "a host flag before the URL",
      undefined,
      { qdrantHost: "h" },
      { QDRANT_URL: "http://u:1" },
      "http://h:6333",
    ],
    [
      "a port flag into the URL",
      undefined,
      { qdrantPort: "7" },
      { QDRANT_URL: "https://u:1" },
      "https://u:7",
    ],
    [
      "a host variable before the URL in .env",
      undefined,
      {},
      { QDRANT_HOST: "h", ".QDRANT_URL": "http://u:1" },
      "http://h:6333",
    ],
    [
      "--qdrant-url before variables",
      undefined,
      { qdrantUrl: "http://f:2" },
      { QDRANT_URL: "http://u:1", QDRANT_PORT: "7" },
      "http://f:2",
    ],
    [
      "an address before variables",
      "http://a:3",
      {},
      { QDRANT_URL: "http://u:1", QDRANT_HOST: "h" },
      "http://a:3",
    ],
  ])("follows %s", (_, positional, given, variables, expected) => {
    expect(url(positional, given, variables)).toBe(expected);
  });

  it("may be embedded, whatever the variables say", () => {
    expect(url("embedded:./q", {}, { QDRANT_URL: "http://u:1" })).toEqual({
      kind: "embedded",
      path: "./q",
    });
  });

  it("is a fallback only when nothing names it", () => {
    expect(targetEnd(undefined, qdrant({})).fallback).toBe(true);
    expect(targetEnd(undefined, qdrant({}, { QDRANT_API_KEY: "k" })).fallback).toBe(true);
    expect(targetEnd(undefined, qdrant({ qdrantPort: "7" })).fallback).toBe(false);
    expect(targetEnd(undefined, qdrant({}, { ".QDRANT_HOST": "h" })).fallback).toBe(false);
    expect(targetEnd("http://h", qdrant({})).fallback).toBe(false);
  });

  it.each<[Given, Variables, number | "off" | null]>([
    [{}, {}, null],
    [{}, { QDRANT_GRPC_PORT: "9" }, 9],
    [{ qdrantGrpcPort: "8" }, { QDRANT_GRPC_PORT: "9" }, 8],
    [{ qdrantGrpcPort: "off" }, { QDRANT_GRPC_PORT: "9" }, "off"],
    [{}, { QDRANT_GRPC_PORT: "off" }, "off"],
  ])("takes the gRPC port from flag or variable: %j %j", (given, variables, expected) => {
    const { address } = targetEnd("http://h", qdrant(given, variables));
    expect(address).toMatchObject({ grpcPort: expected });
  });

  it("takes the gRPC port of the address before the variable's and behind the flag's", () => {
    const port = (given: Given) =>
      targetEnd("http://h?grpc=5", qdrant(given, { QDRANT_GRPC_PORT: "9" })).address;
    expect(port({})).toMatchObject({ grpcPort: 5 });
    expect(port({ qdrantGrpcPort: "8" })).toMatchObject({ grpcPort: 8 });
  });

  it("is named once: an address and a host flag are a usage error", () => {
    expect(codeOf(() => targetEnd("http://a", qdrant({ qdrantHost: "h" })))).toBe("E_USAGE");
    expect(codeOf(() => targetEnd("embedded:q", qdrant({ qdrantUrl: "http://h" })))).toBe(
      "E_USAGE",
    );
    const both = qdrant({ qdrantUrl: "http://h", qdrantHost: "g" });
    expect(codeOf(() => targetEnd(undefined, both))).toBe("E_USAGE");
  });

  it("is no Chroma, should QDRANT_URL say so", () => {
    const wrong = qdrant({}, { QDRANT_URL: "chroma://h" });
    expect(codeOf(() => targetEnd(undefined, wrong))).toBe("E_CONFIG");
  });
});

describe("the source", () => {
  it.each<[string | undefined, Given, Variables, object]>([
    [
      undefined,
      {},
      {},
      { kind: "chroma", url: "http://localhost:8000", tenant: null, database: null },
    ],
    [
      undefined,
      { chromadbPort: "8001", chromadbUseHttps: true },
      { CHROMA_HOST: "H" },
      { url: "https://h:8001" },
    ],
    [undefined, { chromadbTenant: "t" }, { CHROMA_DATABASE: "d" }, { tenant: "t", database: "d" }],
    [
      "chroma://h/t",
      {},
      { CHROMA_TENANT: "other", CHROMA_DATABASE: "d" },
      { tenant: "t", database: "d" },
    ],
    [
      "chroma://h",
      { chromadbTenant: "t" },
      { CHROMA_HOST: "g" },
      { url: "http://h:8000", tenant: "t" },
    ],
    [
      "chroma-cloud://",
      {},
      { CHROMA_TENANT: "t", CHROMA_DATABASE: "d", CHROMA_HOST: "g" },
      { kind: "chroma-cloud", url: "https://api.trychroma.com:443", tenant: "t", database: "d" },
    ],
    [
      "chroma-cloud://t?region=eu",
      { chromadbDatabase: "d" },
      { CHROMA_TENANT: "other" },
      { url: "https://europe-west1.gcp.trychroma.com:443", tenant: "t", database: "d" },
    ],
    ["./data", {}, { CHROMA_TENANT: "t", CHROMA_HOST: "g" }, { path: "./data", tenant: null }],
    ["./data", { chromadbTenant: "t" }, {}, { path: "./data", tenant: "t", database: null }],
  ])("of %s with %j and %j is %j", (positional, given, variables, expected) => {
    expect(sourceEnd(positional, chroma(given, variables)).address).toMatchObject(expected);
  });

  it("is a fallback where nothing names it, or only variables for tenant and database", () => {
    const isFallback = (given: Given, variables: Variables = {}) =>
      sourceEnd(undefined, chroma(given, variables)).fallback;
    expect(isFallback({})).toBe(true);
    expect(isFallback({}, { CHROMA_TENANT: "t", CHROMA_DATABASE: "d", CHROMA_API_KEY: "k" })).toBe(
      true,
    );
    expect(isFallback({}, { CHROMA_HOST: "h" })).toBe(false);
    expect(isFallback({ chromadbPort: "7" })).toBe(false);
    expect(isFallback({ chromadbTenant: "t" })).toBe(false);
    expect(isFallback({ chromadbDatabase: "d" })).toBe(false);
  });

  it("is named once, its tenant too", () => {
    expect(codeOf(() => sourceEnd("./d", chroma({ chromadbHost: "h" })))).toBe("E_USAGE");
    expect(codeOf(() => sourceEnd("chroma://h/t", chroma({ chromadbTenant: "u" })))).toBe(
      "E_CONFIG",
    );
    const cloud = () => sourceEnd("chroma-cloud://t/d", chroma({ chromadbDatabase: "e" }));
    expect(codeOf(cloud)).toBe("E_CONFIG");
  });

  it("is not Chroma Cloud by the name of its host: the address that it has is given", () => {
    const variables = { CHROMA_HOST: "Europe-west1.gcp.trychroma.com", CHROMA_TENANT: "t" };
    try {
      sourceEnd(undefined, chroma({}, variables));
      expect.unreachable();
    } catch (error) {
      if (!isVectorError(error, "E_CONFIG")) throw error;
      expect(error.next).toContain("chroma-cloud://t?region=eu ");
    }
  });
});

describe("keys", () => {
  let folder = "";
  let warnings: string[] = [];
  const keys = () => new Keys((text) => warnings.push(text));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vecferry-keys-"));
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const file = (text: string): string => {
    const path = join(folder, "key");
    writeFileSync(path, text);
    return path;
  };

  it("given as a flag work, with one warning that does not repeat them", () => {
    const { apiKey } = qdrantOptions(qdrant({ qdrantApiKey: "s3cr3tkey" }), keys());
    expect(apiKey).toBe("s3cr3tkey");
    expect(warnings).toEqual([expect.stringContaining("--qdrant-api-key-file")]);
    expect(warnings.join()).not.toContain("s3cr3tkey");
  });

  it("come from a file without the line's end, or from a variable, without any warning", () => {
    const path = file("from-file\n");
    expect(qdrantOptions(qdrant({ qdrantApiKeyFile: path }), keys()).apiKey).toBe("from-file");
    expect(qdrantOptions(qdrant({}, { QDRANT_API_KEY: "own" }), keys()).apiKey).toBe("own");
    expect(warnings).toEqual([]);
  });

  it("come from what is nearest: a file's flag goes before a key's variable", () => {
    const given = qdrant({ qdrantApiKeyFile: file("from-file") }, { QDRANT_API_KEY: "own" });
    expect(qdrantOptions(given, keys()).apiKey).toBe("from-file");
  });

  it.each<[string, () => Given]>([
    ["both at once", () => ({ qdrantApiKey: "k", qdrantApiKeyFile: file("k") })],
    ["a file that is not there", () => ({ qdrantApiKeyFile: join(folder, "none") })],
    ["an empty file", () => ({ qdrantApiKeyFile: file(" \n") })],
    ["a key of two lines", () => ({ qdrantApiKeyFile: file("a\nb") })],
  ])("refuse %s", (_, given) => {
    expect(codeOf(() => qdrantOptions(qdrant(given()), keys()))).toBe("E_CONFIG");
  });

  it("of Chroma are a token, or user and password, and further headers", () => {
    const team = chroma({ chromadbHeader: ["X-Team: search"] }, { CHROMA_API_KEY: "token-1" });
    const options = chromaOptions(team, keys());
    expect(options).toMatchObject({ token: "token-1", headers: { "X-Team": "search" } });
    const basic = chroma({ chromadbUser: "u" }, { CHROMA_PASSWORD: "password-1" });
    expect(chromaOptions(basic, keys())).toMatchObject({ user: "u", password: "password-1" });
  });

  it("of Chroma do not quarrel over one header", () => {
    const both = { CHROMA_API_KEY: "token-1", CHROMA_PASSWORD: "p" };
    expect(codeOf(() => chromaOptions(chroma({ chromadbUser: "u" }, both), keys()))).toBe(
      "E_CONFIG",
    );
    const apart = { chromadbUser: "u", chromadbTokenHeader: "X-Chroma-Token" };
    expect(codeOf(() => chromaOptions(chroma(apart, both), keys()))).toBe("none");
    expect(codeOf(() => chromaOptions(chroma({}, { CHROMA_PASSWORD: "p" }), keys()))).toBe(
      "E_CONFIG",
    );
  });

  it("are struck out of whatever is printed, also as JSON or basic authentication has them", () => {
    const held = keys();
    chromaOptions(chroma({ chromadbUser: "me" }, { CHROMA_PASSWORD: 'pass"word' }), held);
    const basic = Buffer.from('me:pass"word').toString("base64");
    const text = `a pass"word b ${basic} c ${JSON.stringify('pass"word')}`;
    expect(held.redact(text)).toBe('a *** b *** c "***"');
  });
});
