/** The handlers of the table of routes. */
import type { Context, Handler, Hono } from "hono";
import { type Engine, notImplemented } from "../engine/index.ts";
import { accepted, okBytes, type Timed } from "./answer.ts";
import { readBody } from "./body.ts";
import { assertAllowed } from "./guard.ts";
import { namedTwice } from "./query-params.ts";
import { type Asked, type Route, routes } from "./routes.ts";
import type { Served } from "./service.ts";
import { services } from "./services.ts";

export function addRoutes(app: Hono<Timed>, served: Served): void {
  for (const route of routes) {
    const { method, path, access } = route;
    const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
    const answer = handler(route, served);
    app.on(method, pattern, (c, next) => {
      c.set("endpoint", `${method} ${path}`);
      assertAllowed(c, access);
      return answer(c, next);
    });
  }
}

function handler({ does }: Route, served: Served): Handler<Timed> {
  if ("operation" in does) return (c) => ask(c, served.engine, does);
  if ("service" in does) return (c) => services[does.service](c, served);
  return () => {
    throw notImplemented(does.missing);
  };
}

/** A question in JSON: the body's bytes in, the engine's answer out. */
async function ask(c: Context<Timed>, engine: Engine, does: Asked): Promise<Response> {
  const { operation, background = false } = does;
  const { collection_name: collection = "", ...path } = c.req.param() as Record<string, string>;
  const params = { ...c.req.query(), ...path };
  const twice = namedTwice(c);
  const body = c.req.method === "GET" ? null : await readBody(c);
  const { signal } = c.req.raw;
  const request = { operation, collection, params, twice, body };
  if (background && params["wait"] === "false") return accepted(c, engine.ask(request));
  return okBytes(c, await engine.askBytes(request, { signal }));
}
