/** Routes that read points: by id, in pages, by count. */
import type { Hono } from "hono";
import {
  badInput,
  canonicalPointId,
  type Engine,
  notFound,
  notImplemented,
} from "../engine/index.ts";
import { idText, ok, pointsText, type Timed } from "./answer.ts";
import { limitSchema, Members, selectors, toPointId } from "./body.ts";
import { checkTimeout, collectionName } from "./params.ts";

const scrollLimitDefault = 10;

export function addReadRoutes(app: Hono<Timed>, engine: Engine): void {
  app.post("/collections/:collection/points", async (c) => {
    checkTimeout(c);
    const body = await Members.read(c);
    const ids = body.list("ids");
    if (ids === undefined) throw badInput("Format error in JSON body: missing field `ids`");
    const options = selectors(body, false);
    const found = await engine.retrieve(collectionName(c), ids.map(toPointId), options);
    return ok(c, pointsText(found, options.withPayload !== false));
  });
  app.post("/collections/:collection/points/scroll", async (c) => {
    checkTimeout(c);
    const body = await Members.read(c);
    if (body.raw("order_by") !== undefined) throw notImplemented("order_by");
    const options = selectors(body, true);
    const offset = body.raw("offset");
    const page = await engine.scroll(collectionName(c), {
      ...options,
      limit: body.get("limit", limitSchema) ?? scrollLimitDefault,
      filter: body.raw("filter"),
      offset: offset === undefined ? undefined : toPointId(offset),
    });
    const next = page.nextOffset === null ? "null" : idText(page.nextOffset);
    return ok(
      c,
      `{"points":${pointsText(page, options.withPayload !== false)},"next_page_offset":${next}}`,
    );
  });
  app.post("/collections/:collection/points/count", async (c) => {
    checkTimeout(c);
    const body = await Members.read(c);
    const count = await engine.count(collectionName(c), body.raw("filter"));
    return ok(c, JSON.stringify({ count }));
  });
  app.get("/collections/:collection/points/:id", async (c) => {
    const given = c.req.param("id");
    const id = canonicalPointId(given);
    if (id === null) throw badInput(`Wrong input: Can not recognize "${given}" as point id`);
    const found = await engine.retrieve(collectionName(c), [id], {
      withPayload: true,
      withVector: true,
    });
    if (found.ids.length === 0) throw notFound(`Not found: Point with id ${id} does not exists!`);
    return ok(c, pointsText(found, true).slice(1, -1));
  });
}
