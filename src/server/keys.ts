/** Which key lets whom do what: the same for REST and gRPC. */
import { createHash, timingSafeEqual } from "node:crypto";

export interface Keys {
  /** Wanted with every request (header `api-key`, or `Authorization: Bearer`), the health checks excepted; none = nobody is asked. */
  readonly apiKey?: string | undefined;
  /** Good for requests that only read. */
  readonly readOnlyApiKey?: string | undefined;
}

/** What a caller may do; or why the caller is refused, in Qdrant's words. */
export type Access = { readonly writes: boolean } | { readonly refusal: string };

/** What to say to a caller who may read and wants to write. */
export const readsOnly = "Forbidden: Global manage access is required";

/** Judges a request by its headers, which `header` gives by their lowercase names. */
export function accessOf(
  { apiKey, readOnlyApiKey }: Keys,
  header: (name: string) => string | undefined,
): Access {
  if (apiKey === undefined && readOnlyApiKey === undefined) return { writes: true };
  const bearer = /^Bearer (.*)$/.exec(header("authorization") ?? "")?.[1];
  const given = header("api-key") ?? bearer;
  if (given === undefined)
    return { refusal: "Must provide an API key or an Authorization bearer token" };
  if (sameKey(given, apiKey)) return { writes: true };
  return sameKey(given, readOnlyApiKey) ? { writes: false } : { refusal: "Invalid API key or JWT" };
}

/** Compares in a time that does not tell how much was right. */
function sameKey(given: string, key: string | undefined): boolean {
  if (key === undefined) return false;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}
