/** What is asked about the server itself. */
import { ok } from "./answer.ts";
import { followed } from "./followed.ts";
import { metricsOf } from "./metrics.ts";
import { metricsText } from "./prometheus.ts";
import { checkedQuery } from "./query-params.ts";
import type { ServiceName } from "./routes.ts";
import type { Service } from "./service.ts";
import { downloadSnapshot, recoverSnapshot, uploadSnapshot } from "./snapshots.ts";
import { readCollections, telemetryQuery, telemetryText } from "./telemetry.ts";

const telemetry: Service = async (c, { engine, statistics }) => {
  const query = telemetryQuery(checkedQuery(c, "telemetry"));
  const collections = await readCollections(engine, c.req.raw.signal);
  return ok(c, telemetryText(collections, statistics, query));
};

const metrics: Service = async (c, { engine, statistics }) => {
  const { perCollection } = telemetryQuery(checkedQuery(c, "metrics"));
  const collections = await readCollections(engine, c.req.raw.signal);
  return c.text(metricsText(metricsOf(collections, statistics, perCollection)));
};

export const services: Readonly<Record<ServiceName, Service>> = {
  version: (c) => c.json(followed),
  health: (c) => c.text("healthz check passed"),
  ready: (c) => c.text("all shards are ready"),
  cluster: (c) => ok(c, '{"status":"disabled"}'),
  telemetry,
  metrics,
  // Nothing here watches for what could be done better.
  listIssues: (c) => ok(c, '{"issues":[]}'),
  clearIssues: (c) => ok(c, "true"),
  downloadSnapshot,
  uploadSnapshot,
  recoverSnapshot,
};
