/** Finds out what answers at an address, and that tenant and database are there. */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import { parseJson } from "../../util/json.ts";
import type { ChromaClient } from "./client.ts";
import type { ChromaApi, Routes, Scope } from "./routes.ts";

const heartbeat = z.object({ "nanosecond heartbeat": z.number() });

/** Few: a host that does not answer at all is told soon. */
const attempts = 3;

/**
 * Which API the server speaks: v2 where its heartbeat answers, else v1.
 * @throws E_NOT_CHROMA when something else answers; E_AUTH when a proxy lets nobody through; E_BAD_RESPONSE when one cuts answers short
 */
export async function detectApi(
  client: ChromaClient,
  signal: AbortSignal | undefined,
): Promise<ChromaApi> {
  const seen: string[] = [];
  for (const api of ["v2", "v1"] as const) {
    try {
      const { status, text } = await client.probe(`/api/${api}/heartbeat`, { attempts, signal });
      if (status === 200 && heartbeat.safeParse(parseJson(text)).success) return api;
      seen.push(`status ${status}`);
    } catch (error) {
      // An answer that is cut short says nothing about who gave it.
      if (!isVectorError(error, "E_BAD_RESPONSE") || error.details["cut"]) throw error;
      seen.push(error.message);
    }
  }
  throw new VectorError(
    "E_NOT_CHROMA",
    `What answers at ${client.url} is not a Chroma server (${seen.join(", then ")}).`,
  );
}

/** @throws E_TENANT_NOT_FOUND, E_AUTH */
export async function checkDatabase(
  client: ChromaClient,
  at: Routes,
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<void> {
  const missing = (what: string): VectorError =>
    new VectorError("E_TENANT_NOT_FOUND", `The Chroma server at ${client.url} has no ${what}.`);
  const tenant = JSON.stringify(scope.tenant);
  const noDatabase = missing(`database ${JSON.stringify(scope.database)} in the tenant ${tenant}`);
  await client.get(at.tenant, parseJson, {
    signal,
    attempts,
    missing: missing(`tenant ${tenant}`),
  });
  await client.get(at.database, parseJson, { signal, attempts, missing: noDatabase });
}

const preflight = z.object({ supports_base64_encoding: z.boolean().optional() });
const listing = z.array(z.object({ schema: z.unknown().optional() }));

/** The version that the server says it has; null where it says none. */
export async function saidVersion(
  client: ChromaClient,
  at: Routes,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  return z.string().safeParse(await client.get(at.version, parseJson, { signal })).data ?? null;
}

/**
 * The server's version as exactly as it can be told. Every server from 1.0 on says "1.0.0";
 * base64 support (1.0.15) and the schema of a collection (1.2) narrow it down. Tenant and database must be there.
 */
export async function narrowVersion(
  said: string | null,
  client: ChromaClient,
  at: Routes,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (said !== "1.0.0") return said;
  const first = listing.safeParse(await client.get(at.collections(1, 0), parseJson, { signal }));
  if (first.data?.[0]?.schema !== undefined) return "1.2 or later";
  const checks = preflight.safeParse(await client.get(at.preflight, parseJson, { signal }));
  return checks.data?.supports_base64_encoding === undefined ? "1.0" : "1.0.15 or later";
}
