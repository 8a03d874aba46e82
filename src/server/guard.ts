/** Who may ask: the Host header, and the keys. */
import type { Context, MiddlewareHandler } from "hono";
import { VectorError } from "../errors.ts";
import { failure, type Timed } from "./answer.ts";
import { accessOf, type Keys, readsOnly } from "./keys.ts";
import { isLoopbackHost, noHost } from "./loopback.ts";
import { type Route, routes } from "./routes.ts";

/** Answered without a key. */
const open = new Set(routes.filter(({ access }) => access === "open").map(({ path }) => path));

/**
 * Refuses what web pages of other hosts make a browser ask: under a name of their own which points here (DNS rebinding), or
 * across origins, for which a browser needs no leave where the body is plain text or a form. A request that names no host is
 * answered where no key is asked for either.
 */
export const onlyLoopbackNames: MiddlewareHandler<Timed> = async (c, next) => {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  // A health check by HTTP/1.0; a browser always names a host.
  if (host === noHost && open.has(c.req.path)) return next();
  if (!isLoopbackHost(host)) return failure(c, otherName(host));
  const origin = c.req.header("origin");
  if (origin === undefined || isLoopbackHost(URL.parse(origin)?.host ?? "")) return next();
  return failure(c, otherName(origin));
};

function otherName(name: string): VectorError {
  return forbidden(
    `Forbidden: this server answers to loopback names only, not to ${name.slice(0, 100)}`,
  );
}

function forbidden(message: string): VectorError {
  return new VectorError("E_AUTH", message, { details: { status: 403 } });
}

/** Wants a key, before anything is told of what there is; what it is good for is looked at by `assertAllowed`. */
export function keyed(keys: Keys): MiddlewareHandler<Timed> {
  return async (c, next) => {
    if (open.has(c.req.path)) return next();
    const access = accessOf(keys, (name) => c.req.header(name));
    if ("refusal" in access) return c.text(access.refusal, 401);
    c.set("writes", access.writes);
    return next();
  };
}

/** @throws E_AUTH (403) where the caller may only read and the route changes something */
export function assertAllowed(c: Context<Timed>, access: Route["access"]): void {
  if (access === "write" && !c.get("writes")) throw forbidden(readsOnly);
}
