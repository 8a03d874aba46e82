import { Hono } from "hono";
import type { Engine } from "../engine/index.ts";
import { failure, type Timed } from "./answer.ts";
import { keyed, onlyLoopbackNames } from "./guard.ts";
import type { Keys } from "./keys.ts";
import { addCollectionRoutes } from "./routes-collections.ts";
import { addReadRoutes } from "./routes-read.ts";
import { addSearchRoutes } from "./routes-search.ts";
import { addServiceRoutes } from "./routes-service.ts";
import { addUpdateRoutes } from "./routes-update.ts";

export interface ServerOptions extends Keys {
  /** Whether the Host header must be a loopback name; default true. Turn it off for a server that others reach by its name. */
  readonly checkHost?: boolean;
}

export type QdrantApp = Hono<Timed>;

/** Qdrant's REST API over `engine`, as an application whose `request` needs no socket. No CORS headers, no compression. */
export function createServer(engine: Engine, options: ServerOptions = {}): QdrantApp {
  const app: QdrantApp = new Hono<Timed>({ strict: false });
  app.use(async (c, next) => {
    c.set("startedMs", performance.now());
    await next();
  });
  if (options.checkHost !== false) app.use(onlyLoopbackNames);
  app.use(keyed(options));
  addServiceRoutes(app);
  addCollectionRoutes(app, engine);
  addUpdateRoutes(app, engine);
  addSearchRoutes(app, engine);
  addReadRoutes(app, engine);
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => failure(c, error));
  return app;
}
