/** Routes about the server itself, and those that are answered with 501. */
import type { Hono } from "hono";
import { notImplemented } from "../engine/index.ts";
import { ok, type Timed } from "./answer.ts";
import { followed } from "./followed.ts";

/** What a server of that version has and this one has not yet. */
const missing: readonly (readonly [method: string, path: string, what: string])[] = [
  ["GET", "/telemetry", "telemetry"],
  ["GET", "/metrics", "metrics"],
  ["POST", "/collections/aliases", "aliases"],
  ["GET", "/collections/:collection/optimizations", "a list of optimizations"],
  ["PUT", "/collections/:collection/vectors/:vector", "adding vector names"],
  ["DELETE", "/collections/:collection/vectors/:vector", "removing vector names"],
  ["POST", "/collections/:collection/facet", "facets"],
  ["POST", "/collections/:collection/points/batch", "batch updates"],
  ["PUT", "/collections/:collection/points/vectors", "updating vectors alone"],
  ["POST", "/collections/:collection/points/vectors/delete", "deleting vectors alone"],
  ["POST", "/collections/:collection/points/query/groups", "groups"],
  ["POST", "/collections/:collection/points/search/groups", "groups"],
  ["POST", "/collections/:collection/points/search/matrix/offsets", "distance matrices"],
  ["POST", "/collections/:collection/points/search/matrix/pairs", "distance matrices"],
  ["POST", "/collections/:collection/points/recommend", "recommendation"],
  ["POST", "/collections/:collection/points/recommend/batch", "recommendation"],
  ["POST", "/collections/:collection/points/recommend/groups", "recommendation"],
  ["POST", "/collections/:collection/points/discover", "discovery"],
  ["POST", "/collections/:collection/points/discover/batch", "discovery"],
  ["GET", "/collections/:collection/snapshots", "snapshots"],
  ["POST", "/collections/:collection/snapshots", "snapshots"],
  ["GET", "/collections/:collection/snapshots/:snapshot", "snapshots"],
  ["PUT", "/collections/:collection/snapshots/recover", "snapshots"],
  ["POST", "/collections/:collection/snapshots/upload", "snapshots"],
  ["DELETE", "/collections/:collection/snapshots/:snapshot", "snapshots"],
  ["GET", "/snapshots", "snapshots"],
  ["POST", "/snapshots", "snapshots"],
  ["GET", "/snapshots/:snapshot", "snapshots"],
  ["DELETE", "/snapshots/:snapshot", "snapshots"],
  ["GET", "/collections/:collection/cluster", "clusters"],
  ["POST", "/collections/:collection/cluster", "clusters"],
  ["GET", "/collections/:collection/shards", "shard keys"],
  ["PUT", "/collections/:collection/shards", "shard keys"],
  ["POST", "/collections/:collection/shards/delete", "shard keys"],
  ["GET", "/issues", "a list of issues"],
  ["DELETE", "/issues", "a list of issues"],
];

export function addServiceRoutes(app: Hono<Timed>): void {
  app.get("/", (c) => c.json(followed));
  app.get("/healthz", (c) => c.text("healthz check passed"));
  app.get("/livez", (c) => c.text("healthz check passed"));
  app.get("/readyz", (c) => c.text("all shards are ready"));
  app.get("/cluster", (c) => ok(c, '{"status":"disabled"}'));
  for (const [method, path, what] of missing) {
    app.on(method, path, () => {
      throw notImplemented(what);
    });
  }
}
