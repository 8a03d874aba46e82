/** Who may ask: the Host header, and the keys. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { VectorError } from "../errors.ts";
import { failure, type Timed } from "./answer.ts";

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

/** Compares in a time that does not tell how much was right. */
function sameKey(given: string, key: string | undefined): boolean {
  if (key === undefined) return false;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}

/** Wants `apiKey`, or `readOnlyApiKey` for what only reads. */
export function keys(
  apiKey: string | undefined,
  readOnlyApiKey: string | undefined,
): MiddlewareHandler<Timed> {
  return async (c, next) => {
    if (open.includes(c.req.path)) return next();
    const bearer = /^Bearer (.*)$/.exec(c.req.header("authorization") ?? "")?.[1];
    const given = c.req.header("api-key") ?? bearer;
    if (given === undefined)
      return c.text("Must provide an API key or an Authorization bearer token", 401);
    const full = sameKey(given, apiKey);
    if (!full && !sameKey(given, readOnlyApiKey)) return c.text("Invalid API key or JWT", 401);
    if (!full && !reads(c))
      return failure(c, forbidden("Forbidden: Global manage access is required"));
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
