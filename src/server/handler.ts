/** The one handler of the routes that are questions in JSON: bytes in, the engine's answer out. */
import type { Context, Hono } from "hono";
import { type Engine, notImplemented, type RestOperation } from "../engine/index.ts";
import { ok, type Timed } from "./answer.ts";
import { readBody } from "./body.ts";
import { routes } from "./routes.ts";

export function addRoutes(app: Hono<Timed>, engine: Engine): void {
  for (const { method, path, does } of routes) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
    if ("operation" in does) {
      app.on(method, pattern, (c) => ask(c, engine, does.operation));
    } else {
      app.on(method, pattern, () => {
        throw notImplemented(does.missing);
      });
    }
  }
}

async function ask(c: Context<Timed>, engine: Engine, operation: RestOperation): Promise<Response> {
  const { collection_name: collection = "", ...path } = c.req.param() as Record<string, string>;
  const params = { ...c.req.query(), ...path };
  const body = c.req.method === "GET" ? null : await readBody(c);
  const { signal } = c.req.raw;
  const request = { operation, collection, params, body, points: c.env?.points };
  return ok(c, await engine.ask(request, { signal }));
}
