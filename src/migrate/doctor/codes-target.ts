/** What `doctor` can find at a target and here: see `codes.ts`. */
import type { CodeEntry } from "./code-entry.ts";

const patch = (body: string): string =>
  `curl -X PATCH '{url}/collections/{target}' -H "api-key: $QDRANT_API_KEY" -H 'content-type: application/json' -d '${body}'`;
const strict = (body: string): string => patch(`{"strict_mode_config":{${body}}}`);

/** Another target collection, for the one that does not fit. */
const apart = "vecferry migrate {ends} --chromadb-collections {collection} --target-collection NEW";

export const targetCodes = {
  "schema-conflict": {
    group: "target",
    severity: "error",
    means:
      "A collection stands at the target with another dimension, distance, layout or tenancy than the plan needs.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
    sharedRemedy: apart,
  },
  "named-vectors": {
    group: "target",
    severity: "error",
    means: "The collection that stands at the target has named vectors alone.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
    sharedRemedy: apart,
  },
  "foreign-points": {
    group: "target",
    severity: "error",
    means: "The target collection holds points that no migration wrote.",
    remedy: "vecferry migrate {ends} --merge",
  },
  "target-in-use": {
    group: "target",
    severity: "error",
    means: "Another process has the target's folder open.",
    remedy: "kill {pid}",
  },
  "target-damaged": {
    group: "target",
    severity: "error",
    means: "The target's folder, or a file in it, is damaged or holds other things.",
    remedy: "vecferry migrate {source} embedded:./NEW-FOLDER",
  },
  "not-green": {
    group: "target",
    severity: "warning",
    means:
      "The target is not done with its optimizers: searches are slower, and recall is not yet what it will be.",
    remedy: "curl -s '{url}/collections/{target}'",
  },
  "optimizer-fault": {
    group: "target",
    severity: "error",
    means: "The target's optimizer has failed.",
    remedy: "curl -s '{url}/collections/{target}'",
  },
  "indexing-off": {
    group: "target",
    severity: "warning",
    means:
      "The target collection builds no index over its vectors (indexing_threshold is 0), and no migration holds it back.",
    remedy: patch('{"optimizers_config":{"indexing_threshold":10000}}'),
  },
  "graph-off": {
    group: "target",
    severity: "warning",
    means:
      "A setting beside indexing_threshold keeps the vectors from being searched by a graph: every search compares with every point.",
    remedy: patch(
      '{"hnsw_config":{"m":16,"ef_construct":100},"optimizers_config":{"max_optimization_threads":"auto"}}',
    ),
  },
  "tenant-unindexed": {
    group: "target",
    severity: "warning",
    means:
      "A collection of tenants has no tenant index over tenant_id: each search as a tenant looks through what is another's.",
    remedy: `curl -X PUT '{url}/collections/{target}/index' -H "api-key: $QDRANT_API_KEY" -H 'content-type: application/json' -d '{"field_name":"tenant_id","field_schema":{"type":"keyword","is_tenant":true}}'`,
  },
  "still-indexing": {
    group: "target",
    severity: "warning",
    means:
      "A part of the vectors is in no index yet, and optimizers are at work or wait for a write: searches compare that part one by one.",
    remedy: patch('{"optimizers_config":{"max_optimization_threads":"auto"}}'),
  },
  unindexed: {
    group: "target",
    severity: "warning",
    means:
      "The optimizers are done, and most vectors are in no index: no segment has reached indexing_threshold (kB of vectors), and searches compare one by one.",
    remedy: patch('{"optimizers_config":{"indexing_threshold":1000}}'),
  },
  "recall-unrescored": {
    group: "target",
    severity: "warning",
    means:
      "Measured beside exact search, searches miss near points because the vectors are quantized, and find them once they rescore.",
    remedy: '"params":{"quantization":{"rescore":true,"oversampling":2}}',
  },
  "recall-ef-small": {
    group: "target",
    severity: "warning",
    means:
      "Measured beside exact search, searches miss near points, and find them once they look at more candidates (`hnsw_ef`; unless it is said, ef_construct).",
    remedy: '"params":{"hnsw_ef":{ef}}',
  },
  "recall-graph-thin": {
    group: "target",
    severity: "warning",
    means:
      "Measured beside exact search, searches miss near points however many candidates they look at: the graph has too few links (`m`, `ef_construct`). It is built anew.",
    remedy: patch('{"hnsw_config":{"{links}":{m},"ef_construct":{efConstruct}}}'),
  },
  "compression-stall": {
    group: "target",
    severity: "info",
    means:
      "The same search, measured both ways, takes much longer where the client accepts compressed answers: their last bytes wait for an acknowledgement.",
    remedy: 'new QdrantClient({ url: "{url}", headers: { "accept-encoding": "identity" } })',
  },
  "tenant-missing": {
    group: "target",
    severity: "warning",
    means:
      "Points without tenant_id in a collection of tenants: no search as a tenant finds them, and any search that forgets the tenant does.",
    remedy: `curl -X POST '{url}/collections/{target}/points/payload?wait=true' -H "api-key: $QDRANT_API_KEY" -H 'content-type: application/json' -d '{"payload":{"tenant_id":"TENANT"},"filter":{"must":[{"is_empty":{"key":"tenant_id"}}]}}'`,
  },
  "quantized-unrescored": {
    group: "target",
    severity: "info",
    means:
      "The vectors are quantized in a way by which a server compares nothing anew by the full vectors, unless each search asks for it.",
    remedy: '"params":{"quantization":{"rescore":true,"oversampling":2}}',
  },
  "memory-only": {
    group: "target",
    severity: "warning",
    means: "The target is in memory alone: what is written goes with the process.",
    remedy: "vecferry migrate {source} embedded:./NEW-FOLDER",
  },
  "strict-exact": {
    group: "target",
    severity: "error",
    means:
      "Strict mode forbids exact counts and searches: `verify` counts exactly, and cannot then.",
    remedy: strict('"search_allow_exact":true'),
  },
  "strict-upsert-rows": {
    group: "target",
    severity: "info",
    means: "Strict mode bounds the points of one upsert; vecferry keeps to it, in more requests.",
    remedy: strict('"upsert_max_batchsize":1000'),
  },
  "strict-page-rows": {
    group: "target",
    severity: "info",
    means: "Strict mode bounds the points of one page; vecferry keeps to it, in more requests.",
    remedy: strict('"max_query_limit":1000'),
  },
  "strict-rate": {
    group: "target",
    severity: "warning",
    means: "Strict mode bounds the requests a minute; a migration waits, and takes longer.",
    remedy: strict('"write_rate_limit":100000,"read_rate_limit":100000'),
  },
  "strict-points": {
    group: "target",
    severity: "error",
    means: "Strict mode lets fewer points into the collection than there are records.",
    remedy: strict('"max_points_count":{wanted}'),
  },
  "strict-indexes": {
    group: "target",
    severity: "error",
    means: "Strict mode lets fewer payload indexes be made than are wanted.",
    remedy: strict('"max_payload_index_count":{wanted}'),
  },
  "strict-vector-bytes": {
    group: "target",
    severity: "error",
    means: "Strict mode lets fewer bytes of vectors into the collection than there are.",
    remedy: strict('"max_collection_vector_size_bytes":{wanted}'),
  },
  "strict-payload-bytes": {
    group: "target",
    severity: "error",
    means: "Strict mode lets fewer bytes of payload into the collection than there are.",
    remedy: strict('"max_collection_payload_size_bytes":{wanted}'),
  },
  "strict-unindexed": {
    group: "target",
    severity: "warning",
    means:
      "Strict mode forbids filters on payload without an index: searches by metadata need one for each key.",
    remedy: "vecferry migrate {ends} --index KEY",
  },
  "disk-short": {
    group: "room",
    severity: "error",
    means: "The disk has less room than what is to be written takes.",
    remedy: "df -h {folder}",
  },
  "ram-short": {
    group: "room",
    severity: "warning",
    means: "The target's machine has less memory than its vectors and index will take.",
    remedy: "vecferry migrate {ends} --quantization scalar --on-disk",
  },
  "ram-unknown": {
    group: "room",
    severity: "info",
    means: "The target does not tell how much memory it has.",
    remedy: "vecferry plan {ends}",
  },
  "state-not-writable": {
    group: "here",
    severity: "error",
    means: "The state folder cannot be written.",
    remedy: "vecferry migrate {ends} --state FOLDER",
  },
  "journal-damaged": {
    group: "here",
    severity: "error",
    means: "The journal in the state folder cannot be read.",
    remedy: "mv {journal} {journal}.damaged && vecferry migrate {ends} --restart",
  },
  "journal-newer": {
    group: "here",
    severity: "error",
    means: "A newer vecferry wrote the journal in the state folder.",
    remedy: "npm install --global vecferry@latest",
  },
  "migration-running": {
    group: "here",
    severity: "warning",
    means: "A process is at work on a migration in the state folder.",
    remedy: "vecferry status --state {state}",
  },
  "migration-died": {
    group: "here",
    severity: "info",
    means: "A process died at a migration in the state folder; the same command goes on.",
    remedy: "vecferry status --state {state}",
  },
  "node-untested": {
    group: "here",
    severity: "info",
    means: "vecferry was not tested with this Node.",
    remedy: "npx --package node@24 vecferry doctor",
  },
} as const satisfies Record<string, CodeEntry>;
