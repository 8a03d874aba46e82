/** Points over the REST door: read by id, in pages, counted, taken away. */
import { z } from "zod";
import { canonicalPointId } from "../collection/point-key.ts";
import { badInput, decoded, missing, notFound } from "../errors.ts";
import { idText, pointsText } from "./answer.ts";
import { bodyText, Members, pointSelectors, readFilter, toPointId } from "./body.ts";
import { type Change, change, made } from "./change.ts";
import { changingPoints, type Operation, reading } from "./operation.ts";
import { readShardKey, refuseShardKey } from "./params.ts";
import { plainPoints } from "./plain-points.ts";
import { readPointsSelector, selectedPoints } from "./points-selector.ts";
import { readCount } from "./query-parts.ts";
import { scrollByField } from "./query-scroll.ts";
import { upsertPoints } from "./upsert.ts";

const scrollLimitDefault = 10;

export const deletePoints: Change = (text) => {
  const selected = readPointsSelector(text);
  return (host, collection) => host.deletePoints(collection, selectedPoints(selected));
};

const retrievePoints: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  const ids = (body.list("ids") ?? missing("ids")).map(toPointId);
  const options = pointSelectors(body, false);
  const key = readShardKey(body);
  host.collection(request.collection);
  refuseShardKey(key, "Bad request");
  const found = host.retrieve(request.collection, ids, options);
  return pointsText(found, options.withPayload !== false, options.withVector !== false);
};

const getPoint: Operation["run"] = (host, { collection, params }) => {
  const given = params["id"] ?? "";
  const id = canonicalPointId(given);
  if (id === null) throw badInput(`Wrong input: Can not recognize "${given}" as point id`);
  const found = host.retrieve(collection, [id], { withPayload: true, withVector: true });
  if (found.ids.length === 0) throw notFound(`Not found: Point with id ${id} does not exists!`);
  return pointsText(found, true, true).slice(1, -1);
};

const scrollPoints: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  if (body.raw("order_by") !== undefined) return scrollByField(host, request.collection, body);
  const [options, key] = decoded(() => {
    const offset = body.raw("offset");
    const wanted = {
      ...pointSelectors(body, true),
      limit: readCount(body, "limit", "scroll_request", 1) ?? scrollLimitDefault,
      filter: readFilter(body, "scroll_request") ?? undefined,
      offset: offset === undefined ? undefined : toPointId(offset),
    };
    return [wanted, readShardKey(body)] as const;
  });
  host.collection(request.collection);
  refuseShardKey(key, "Bad request");
  const page = host.scroll(request.collection, options);
  const next = page.nextOffset === null ? "null" : idText(page.nextOffset);
  return `{"points":${pointsText(page, options.withPayload !== false, options.withVector !== false)},"next_page_offset":${next}}`;
};

const countPoints: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  // Every count is exact, which fulfils both.
  body.refuseNull("exact").get("exact", z.boolean());
  const key = readShardKey(body);
  const filter = decoded(() => readFilter(body, "count_request")) ?? undefined;
  host.collection(request.collection);
  refuseShardKey(key, "Bad request");
  const count = host.count(request.collection, filter);
  return JSON.stringify({ count });
};

export const pointOperations = {
  upsertPoints: changingPoints((host, request) => {
    const points = request.points ?? plainPoints(request);
    if (points === null)
      return made(
        request,
        host,
        decoded(() => upsertPoints(bodyText(request))),
      );
    return made(request, host, (to, collection) => to.upsert(collection, points));
  }),
  deletePoints: change(deletePoints),
  retrievePoints: reading(retrievePoints),
  getPoint: reading(getPoint),
  scrollPoints: reading(scrollPoints),
  countPoints: reading(countPoints),
};
