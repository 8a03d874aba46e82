import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { createServer, type QdrantApp } from "../../../src/server/index.ts";
import { type Route, routes } from "../../../src/server/routes.ts";

let engine: Engine;
let app: QdrantApp;
beforeAll(async () => {
  engine = await openEngine(":memory:");
  app = createServer(engine, { apiKey: "full", readOnlyApiKey: "read" });
});
afterAll(() => engine.close());

/** Asks about a collection that is not there. */
function ask({ method, path }: Route, key: string | null): Promise<Response> {
  const url = path.replaceAll(/\{\w+\}/g, "1").replace("/collections/1", "/collections/absent");
  return Promise.resolve(
    app.request(url, {
      method,
      headers: key === null ? {} : { "api-key": key },
      ...(method === "GET" ? {} : { body: "{}" }),
    }),
  );
}

const named = routes.map((route) => [`${route.method} ${route.path}`, route] as const);

describe("the table of routes", () => {
  it("names each method and path once", () => {
    expect(new Set(named.map(([name]) => name)).size).toBe(routes.length);
  });

  it("leads every route to what it says: an answer, or 501 with a sentence", async () => {
    for (const [name, route] of named) {
      const answer = await ask(route, "full");
      const text = await answer.text();
      expect([name, answer.status, text]).not.toEqual([name, 404, ""]);
      if (!("missing" in route.does)) {
        expect([name, answer.status]).not.toEqual([name, 501]);
        continue;
      }
      expect([name, answer.status]).toEqual([name, 501]);
      expect(text).toContain(`does not have ${route.does.missing} yet`);
    }
  });

  it("asks nobody for a key where it says so, and everybody elsewhere", async () => {
    for (const [name, route] of named) {
      const { status } = await ask(route, null);
      expect([name, status === 401]).toEqual([name, route.access !== "open"]);
    }
  });

  it("lets the read-only key read, and refuses it what changes anything", async () => {
    for (const [name, route] of named) {
      const { status } = await ask(route, "read");
      expect([name, status === 403]).toEqual([name, route.access === "write"]);
    }
  });
});
