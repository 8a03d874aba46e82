/**
 * An HTTP API over one collection that several tenants share. A user reaches the tenants of theirs alone: the guard stands in
 * front of every route below /tenants/:tenant, and what is behind it holds one tenant's service and nothing else.
 *
 *   import { serve } from "@hono/node-server";
 *   const connection = await connect({ embed, model, collection: "notes" });
 *   serve({ fetch: createApi(connection, users).fetch, port: 3000 });
 */
import { type Context, Hono } from "hono";
import {
  type Connection,
  isVectorError,
  TenantAnalytics,
  TenantGuard,
  type TenantVariables,
} from "vecferry";
import { z } from "zod";

export interface User {
  readonly name: string;
  readonly tenants: readonly string[];
  readonly admin?: boolean;
}

const documentsSchema = z.array(
  z.object({
    id: z.string(),
    content: z.string(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  }),
);
const searchSchema = z.object({
  query: z.string(),
  nResults: z.number().int().min(1).max(100).default(5),
  category: z.string().optional(),
});

/** `users` by their token: whatever your own sign-in gives. */
export function createApi(connection: Connection, users: ReadonlyMap<string, User>) {
  const collection = "notes";
  const signedIn = (context: Context) =>
    users.get(context.req.header("authorization")?.replace(/^Bearer /, "") ?? "");
  const tenantsByName = new Map([...users.values()].map(({ name, tenants }) => [name, tenants]));
  const guard = new TenantGuard(connection, {
    getUserTenants: (name) => tenantsByName.get(name) ?? [],
    collection,
  });
  const api = new Hono<TenantVariables>();

  api.use(
    "/tenants/:tenant/*",
    guard.middleware({
      userId: (context) => signedIn(context)?.name,
      tenantId: (context) => context.req.param("tenant"),
    }),
  );
  api.post("/tenants/:tenant/documents", async (context) => {
    const documents = documentsSchema.parse(await context.req.json());
    const { signal } = context.req.raw;
    const given = documents.map(({ metadata = {}, ...document }) => ({ ...document, metadata }));
    return context.json(await context.get("vectors").addDocuments(given, { signal }), 201);
  });
  api.get("/tenants/:tenant/documents/:id", async (context) => {
    const [document] = await context.get("vectors").get([context.req.param("id")]);
    if (document === undefined) return context.json({ error: "There is no such document." }, 404);
    const { id, content, metadata } = document;
    return context.json({ id, content, metadata });
  });
  api.delete("/tenants/:tenant/documents/:id", async (context) => {
    await context.get("vectors").delete({ ids: [context.req.param("id")] });
    return context.body(null, 204);
  });
  api.post("/tenants/:tenant/search", async (context) => {
    const { category, ...request } = searchSchema.parse(await context.req.json());
    const results = await context
      .get("vectors")
      .semanticSearch(
        { ...request, ...(category === undefined ? {} : { metadataFilter: { category } }) },
        { signal: context.req.raw.signal },
      );
    return context.json(
      results.map(({ document: { id, content }, similarityScore }) => ({
        id,
        content,
        similarityScore,
      })),
    );
  });
  api.get("/admin/tenants", async (context) => {
    if (signedIn(context)?.admin !== true)
      return context.json({ error: "For administrators." }, 403);
    const analytics = new TenantAnalytics(connection.repository, { collection });
    return context.json(await analytics.getTenantStatistics());
  });
  api.onError((error, context) => {
    if (error instanceof z.ZodError) return context.json({ error: z.prettifyError(error) }, 400);
    if (!isVectorError(error)) return context.json({ error: "An internal error." }, 500);
    const { code, message, retryable } = error;
    return context.json(
      { error: { code, message } },
      code === "E_INPUT" ? 400 : retryable ? 503 : 500,
    );
  });
  return api;
}
