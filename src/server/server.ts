import { Hono } from "hono";
import type { Engine } from "../engine/index.ts";
import { failure, ok, type Timed } from "./answer.ts";
import { followed } from "./followed.ts";
import { keyed, onlyLoopbackNames } from "./guard.ts";
import { addRoutes } from "./handler.ts";
import type { Keys } from "./keys.ts";

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
  addRoutes(app, engine);
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => failure(c, error));
  return app;
}

/** What is asked about the server itself. */
function addServiceRoutes(app: QdrantApp): void {
  app.get("/", (c) => c.json(followed));
  app.get("/healthz", (c) => c.text("healthz check passed"));
  app.get("/livez", (c) => c.text("healthz check passed"));
  app.get("/readyz", (c) => c.text("all shards are ready"));
  app.get("/cluster", (c) => ok(c, '{"status":"disabled"}'));
}
