/** Who may ask: the Host header, and the keys. */
import type { Context, MiddlewareHandler } from "hono";
import { VectorError } from "../errors.ts";
import { failure, type Timed } from "./answer.ts";
import { accessOf, type Keys, readsOnly } from "./keys.ts";

/** Answered without a key. */
const open = ["/", "/healthz", "/readyz", "/livez"];

const loopbackHost =
  /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Refuses requests that a web page made under a name of its own which points here (DNS rebinding). */
export const onlyLoopbackNames: MiddlewareHandler<Timed> = async (c, next) => {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  if (loopbackHost.test(host)) return next();
  return failure(
    c,
    forbidden(
      `Forbidden: this server answers to loopback names only, not to ${host.slice(0, 100)}`,
    ),
  );
};

function forbidden(message: string): VectorError {
  return new VectorError("E_AUTH", message, { details: { status: 403 } });
}

/** Wants a key: one that writes for what does not only read. */
export function keyed(keys: Keys): MiddlewareHandler<Timed> {
  return async (c, next) => {
    if (open.includes(c.req.path)) return next();
    const access = accessOf(keys, (name) => c.req.header(name));
    if ("refusal" in access) return c.text(access.refusal, 401);
    if (!access.writes && !reads(c)) return failure(c, forbidden(readsOnly));
    return next();
  };
}

/** Paths below a collection's points that are asked by POST and change nothing. */
const readingPosts =
  /^\/collections\/[^/]+\/(?:points(?:\/(?:scroll|count|search.*|query.*|recommend.*|discover.*))?|facet)\/?$/;

function reads(c: Context): boolean {
  if (c.req.method === "GET" || c.req.method === "HEAD") return true;
  return c.req.method === "POST" && readingPosts.test(c.req.path);
}
