import { describe, expect, it } from "vitest";
import { openChromaCloud } from "../../../../src/adapters/chroma/index.ts";
import { isVectorError } from "../../../../src/errors.ts";
import type { ChromaOptions } from "../../../../src/store/registry.ts";
import { type Stub, type StubAnswer, type StubRequest, startStub } from "../../../support/stub.ts";

const token = "ck-s3cr3t";

interface Cloud {
  /** What the identity answers. */
  readonly identity?: StubAnswer;
  /** Databases that the tenant has. */
  readonly databases?: readonly string[];
  /** What the database answers. */
  readonly database?: StubAnswer;
}

function answer(cloud: Cloud, { path }: StubRequest): StubAnswer {
  const { databases = ["base"], identity = of("ten", ["base"]), database } = cloud;
  if (path === "/api/v2/heartbeat") return { body: { "nanosecond heartbeat": 1 } };
  if (path === "/api/v2/auth/identity") return identity;
  const [, offset] = /\/databases\?limit=100&offset=(\d+)$/.exec(path) ?? [];
  if (offset !== undefined) {
    const page = databases.slice(Number(offset), Number(offset) + 100);
    return { body: page.map((name) => ({ id: name, name, tenant: "ten" })) };
  }
  return database ?? { body: { name: "base" } };
}

const of = (tenant: string | null, databases: readonly string[] | null): StubAnswer => ({
  body: { user_id: "u", tenant, databases },
});

interface Named {
  readonly tenant?: string;
  readonly database?: string;
}

/** What opening ends in: the identity of the store, or the error. */
async function open(cloud: Cloud, named: Named, chroma: ChromaOptions = { token }) {
  await using stub = await startStub((request) => answer(cloud, request));
  const address = { kind: "chroma-cloud", url: stub.url, tenant: null, database: null } as const;
  try {
    await using store = await openChromaCloud({ ...address, ...named }, { chroma, attempts: 2 });
    return { ...scopeOf(store.identity), error: null, requests: stub.requests };
  } catch (error) {
    if (!isVectorError(error)) throw error;
    return { error, requests: stub.requests };
  }
}

const scopeOf = ({ tenant, database }: { tenant: string | null; database: string | null }) => ({
  tenant,
  database,
});

const keysOf = (requests: Stub["requests"]) =>
  new Set(requests.map(({ headers }) => headers["x-chroma-token"]));

describe("openChromaCloud", () => {
  const both = { tenant: "ten", database: "base" };

  it("sends the key in x-chroma-token, and nothing in Authorization", async () => {
    const { requests, error } = await open({}, both);
    expect(error).toBeNull();
    expect(keysOf(requests)).toEqual(new Set([token]));
    expect(requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it.each<[string, Cloud, Named]>([
    ["both named", {}, both],
    ["the key for one database", {}, {}],
    ["the key for one database, named twice", { identity: of("ten", ["base", "base"]) }, {}],
    ["the tenant left out", {}, { database: "base" }],
    ["a key for all databases", { identity: of("ten", ["*"]) }, { database: "base" }],
    ["a key for everything", { identity: of("*", ["*"]) }, both],
    ["an identity of nulls", { identity: of(null, null) }, both],
    ["no identity at all", { identity: { status: 404, body: "" } }, both],
    ["an identity of another shape", { identity: { body: [1] } }, both],
  ])("finds tenant and database: %s", async (_name, cloud, named) => {
    expect(await open(cloud, named)).toMatchObject({ ...both, error: null });
  });

  const many = Array.from({ length: 130 }, (_, n) => `base${String(n).padStart(3, "0")}`);

  it.each<[string, Cloud, Named, string, string]>([
    ["several databases", { identity: of("ten", ["b", "a"]) }, {}, "E_CONFIG", 'has "a", "b"'],
    ["all databases", { identity: of("ten", ["*"]) }, {}, "E_CONFIG", 'has "base"'],
    [
      "more than a page of databases",
      { identity: of("ten", ["*"]), databases: many },
      {},
      "E_CONFIG",
      '"base019" and 110 more',
    ],
    ["no database", { identity: of("ten", ["*"]), databases: [] }, {}, "E_CONFIG", "has none"],
    [
      "all tenants",
      { identity: of("*", ["*"]) },
      { database: "base" },
      "E_CONFIG",
      "names no tenant",
    ],
    [
      "another tenant",
      { identity: of("his", ["*"]) },
      both,
      "E_AUTH",
      'for tenant "his", the address names "ten"',
    ],
    [
      "no such database",
      { database: { status: 404, body: { error: "NotFoundError", message: "" } } },
      both,
      "E_TENANT_NOT_FOUND",
      'no database "base" in tenant "ten" (status 404). The key is for "base"',
    ],
    [
      "404 in nobody's words",
      { database: { status: 404, body: "" } },
      both,
      "E_TENANT_NOT_FOUND",
      "status 404",
    ],
    [
      "401",
      { database: { status: 401, body: { error: "ChromaError", message: "Unauthorized" } } },
      both,
      "E_AUTH",
      "does not take the key",
    ],
    [
      "403",
      { database: { status: 403, body: { error: "ChromaError", message: "Permission denied." } } },
      both,
      "E_AUTH",
      "Permission denied.",
    ],
    [
      "401 at once",
      { identity: { status: 401, body: "" } },
      both,
      "E_AUTH",
      "does not take the key",
    ],
  ])(
    "says what is wrong, once and without the key: %s",
    async (_name, cloud, named, code, words) => {
      const { error, requests } = await open(cloud, named);
      expect(error?.code).toBe(code);
      expect(error?.message).toContain(words);
      const told = JSON.stringify([error, error?.message, error?.next, String(error?.cause)]);
      expect(told).not.toContain(token);
      expect(requests.length).toBeLessThan(6);
    },
  );

  it("asks for the key before it asks anybody anything", async () => {
    const { error, requests } = await open({}, both, {});
    expect(error?.code).toBe("E_CONFIG");
    expect(error?.message).toContain("CHROMA_API_KEY");
    expect(requests).toEqual([]);
  });

  it("names an address where no Chroma is E_NOT_CHROMA", async () => {
    await using stub = await startStub(() => ({ status: 404, body: "<h1>Nothing</h1>" }));
    await expect(
      openChromaCloud({ kind: "chroma-cloud", url: stub.url, ...both }, { chroma: { token } }),
    ).rejects.toMatchObject({ code: "E_NOT_CHROMA" });
  });
});
