import type { Context } from "hono";
import type { Timed } from "./answer.ts";

/** A request's header by its lowercase name: the socket's own where there is one, of which no other object need be made. */
export function headerOf(c: Context<Timed>, name: string): string | undefined {
  const incoming = c.env?.incoming;
  if (incoming === undefined) return c.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
