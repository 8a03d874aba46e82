import { Hono, type MiddlewareHandler } from "hono";
import { getPath } from "hono/utils/url";
import type { Engine } from "../engine/index.ts";
import { failure, type Timed } from "./answer.ts";
import { releasesBody } from "./body.ts";
import { keyed, onlyLoopbackNames } from "./guard.ts";
import { addRoutes } from "./handler.ts";
import type { Keys } from "./keys.ts";
import { Statistics } from "./statistics.ts";

export interface ServerOptions extends Keys {
  /** Whether the Host header must be a loopback name; default true. Turn it off for a server that others reach by its name. */
  readonly checkHost?: boolean;
  /** Whether a snapshot may be recovered from an http or https address, which this process then fetches; default false. */
  readonly urlRecovery?: boolean;
}

export type QdrantApp = Hono<Timed>;

/** Qdrant's REST API over `engine`, as an application whose `request` needs no socket. No CORS headers, no compression. */
export function createServer(
  engine: Engine,
  options: ServerOptions = {},
  statistics: Statistics = new Statistics(),
): QdrantApp {
  const app: QdrantApp = new Hono<Timed>({ getPath: plainPath });
  app.use(counting(statistics));
  app.use(releasesBody);
  if (options.checkHost !== false) app.use(onlyLoopbackNames);
  app.use(keyed(options));
  addRoutes(app, { engine, statistics, urlRecovery: options.urlRecovery ?? false });
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => failure(c, error));
  return app;
}

/** The request's path; several slashes together are one, and those at the end none, as to a server. */
const plainPath = (request: Request): string =>
  getPath(request)
    .replace(/\/{2,}/g, "/")
    .replace(/(?<=.)\/$/, "");

/** Counts every answer of a route. */
function counting(statistics: Statistics): MiddlewareHandler<Timed> {
  return async (c, next) => {
    const startedMs = performance.now();
    c.set("startedMs", startedMs);
    await next();
    const endpoint = c.get("endpoint");
    if (endpoint === undefined) return;
    const seconds = (performance.now() - startedMs) / 1000;
    const collection = c.req.param("collection_name") ?? null;
    statistics.add({ protocol: "rest", endpoint, status: c.res.status, seconds, collection });
  };
}
