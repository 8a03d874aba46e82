/** Routes of collections, their payload indexes and their aliases. */
import type { Hono } from "hono";
import { z } from "zod";
import { badInput, type Engine } from "../engine/index.ts";
import { ok, type Timed } from "./answer.ts";
import { Members, readBody } from "./body.ts";
import { checkTimeout, collectionName, waits } from "./params.ts";
import { updated } from "./routes-update.ts";

export function addCollectionRoutes(app: Hono<Timed>, engine: Engine): void {
  app.get("/collections", async (c) => {
    const names = await engine.listCollections({ signal: c.req.raw.signal });
    return ok(c, JSON.stringify({ collections: names.map((name) => ({ name })) }));
  });
  app.get("/aliases", (c) => ok(c, '{"aliases":[]}'));
  app.get("/collections/:collection", async (c) =>
    ok(c, await engine.describeCollection(collectionName(c))),
  );
  app.get("/collections/:collection/exists", async (c) => {
    return ok(c, JSON.stringify({ exists: await engine.collectionExists(collectionName(c)) }));
  });
  app.get("/collections/:collection/aliases", (c) => ok(c, '{"aliases":[]}'));
  app.put("/collections/:collection", async (c) => {
    checkTimeout(c);
    await engine.createCollection(collectionName(c), await readBody(c));
    return ok(c, "true");
  });
  app.patch("/collections/:collection", async (c) => {
    checkTimeout(c);
    await engine.updateCollection(collectionName(c), await readBody(c));
    return ok(c, "true");
  });
  app.delete("/collections/:collection", async (c) => {
    checkTimeout(c);
    return ok(c, String(await engine.deleteCollection(collectionName(c))));
  });
  app.put("/collections/:collection/index", async (c) => {
    const body = await Members.read(c);
    const field = body.need("field_name", z.string());
    const schema = body.raw("field_schema") ?? body.raw("field_type");
    if (schema === undefined) {
      throw badInput(
        "Bad request: Can't auto-detect field type, please specify `field_schema` in the request",
      );
    }
    const typeOnly = body.get("field_schema", z.unknown()) ?? body.get("field_type", z.unknown());
    await engine.createPayloadIndex(
      collectionName(c),
      field,
      typeof typeOnly === "string" ? typeOnly : schema,
    );
    return updated(c, waits(c));
  });
  app.delete("/collections/:collection/index/:field", async (c) => {
    await engine.deletePayloadIndex(collectionName(c), c.req.param("field"));
    return updated(c, waits(c));
  });
}
