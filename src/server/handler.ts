/** The handlers of the table of routes. */
import type { Context, Handler, Hono } from "hono";
import { type Engine, invalidParam, notImplemented } from "../engine/index.ts";
import { accepted, okBytes, type Timed } from "./answer.ts";
import { readBody } from "./body.ts";
import { assertAllowed } from "./guard.ts";
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

/** Parameters that operations have in common. */
const common = ["wait", "timeout", "ordering", "consistency"];

/** The query string's parameters. @throws E_INPUT (400) where it says one of the common ones twice */
function givenOnce(c: Context<Timed>): Record<string, string> {
  const twice = common.find((name) => (c.req.queries(name)?.length ?? 0) > 1);
  if (twice !== undefined) throw invalidParam(`duplicate field \`${twice}\``);
  return c.req.query();
}

/** A question in JSON: the body's bytes in, the engine's answer out. */
async function ask(c: Context<Timed>, engine: Engine, does: Asked): Promise<Response> {
  const { operation, background = false } = does;
  const { collection_name: collection = "", ...path } = c.req.param() as Record<string, string>;
  const params = { ...givenOnce(c), ...path };
  const body = c.req.method === "GET" ? null : await readBody(c);
  const { signal } = c.req.raw;
  const request = { operation, collection, params, body, points: c.env?.points };
  if (background && params["wait"] === "false") return accepted(c, engine.ask(request));
  return okBytes(c, await engine.askBytes(request, { signal }));
}
