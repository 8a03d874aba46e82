/** The API with three tenants, over an embedded Qdrant in memory. */
import { connect } from "vecferry";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApi, type User } from "./hono-api.ts";
import { embedWords } from "./words.ts";

const users = new Map<string, User>([
  ["token-of-ada", { name: "ada", tenants: ["acme", "globex"] }],
  ["token-of-bob", { name: "bob", tenants: ["initech"] }],
  ["token-of-root", { name: "root", tenants: [], admin: true }],
]);
const connection = await connect({ url: ":memory:", embed: embedWords, model: "words-64" });
const api = createApi(connection, users);

async function ask(user: string, method: string, path: string, body?: unknown) {
  const answer = await api.request(path, {
    method,
    headers: { authorization: `Bearer token-of-${user}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
}

beforeAll(async () => {
  await connection.repository.createCollectionOptimized({ name: "notes", vectorSize: 64 });
  for (const [user, tenant] of [
    ["ada", "acme"],
    ["ada", "globex"],
    ["bob", "initech"],
  ] as const) {
    const documents = ["looms and weaving", "engines of steam", "tea for two"].map(
      (content, place) => ({
        id: `${place}`,
        content: `${content} at ${tenant}`,
        metadata: { category: place === 0 ? "craft" : "other" },
      }),
    );
    const { status, body } = await ask(user, "POST", `/tenants/${tenant}/documents`, documents);
    expect([status, body]).toEqual([201, { totalProcessed: 3, failed: [] }]);
  }
});
afterAll(() => connection.close());

it("finds a tenant's own documents by a text, with and without a filter", async () => {
  const found = await ask("ada", "POST", "/tenants/acme/search", { query: "steam engines" });
  expect(found.status).toBe(200);
  expect(found.body[0]).toMatchObject({ id: "1", content: "engines of steam at acme" });
  expect(found.body.map(({ content }: { content: string }) => content).join()).not.toMatch(
    /globex|initech/,
  );
  const filtered = { query: "steam engines", category: "craft" };
  const craft = await ask("ada", "POST", "/tenants/acme/search", filtered);
  expect(craft.body).toMatchObject([{ id: "0" }]);
});

it("lets nobody near a tenant that is not theirs", async () => {
  for (const [user, tenant] of [
    ["ada", "initech"],
    ["bob", "acme"],
    ["bob", "ACME"],
    ["root", "acme"],
  ] as const)
    for (const [method, path, body] of [
      ["POST", "search", { query: "tea" }],
      ["GET", "documents/1", undefined],
      ["DELETE", "documents/1", undefined],
      ["POST", "documents", [{ id: "9", content: "smuggled" }]],
    ] as const)
      expect(await ask(user, method, `/tenants/${tenant}/${path}`, body)).toMatchObject({
        status: 403,
        body: { error: { code: "E_PERMISSION" } },
      });
  expect(await ask("nobody", "GET", "/tenants/acme/documents/1")).toMatchObject({ status: 401 });
});

it("deletes in one tenant what has the same id in three", async () => {
  expect(await ask("ada", "DELETE", "/tenants/globex/documents/2")).toMatchObject({ status: 204 });
  expect(await ask("ada", "GET", "/tenants/globex/documents/2")).toMatchObject({ status: 404 });
  expect(await ask("ada", "GET", "/tenants/acme/documents/2")).toMatchObject({
    body: { content: "tea for two at acme", metadata: { category: "other" } },
  });
});

it("tells administrators, and nobody else, who has how much", async () => {
  const { body } = await ask("root", "GET", "/admin/tenants");
  expect(body).toMatchObject({ documentCount: 8, tenantCount: 3, otherCount: 0 });
  expect(await ask("ada", "GET", "/admin/tenants")).toMatchObject({ status: 403 });
});

it("answers what it cannot read with 400", async () => {
  expect(await ask("ada", "POST", "/tenants/acme/search", { query: 7 })).toMatchObject({
    status: 400,
  });
});
