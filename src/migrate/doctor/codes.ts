/**
 * What `doctor` can find: one table, from which docs/doctor.md is made. Codes do not change between major versions.
 * A remedy is what to type, or a line of a server's configuration; its {words} are filled in where the finding is made.
 */

export const severities = ["error", "warning", "info"] as const;
/** error = a migration would fail or lose; warning = it works, and something is to be known first; info = a fact. */
export type Severity = (typeof severities)[number];

export const groups = {
  reach: "Reaching the ends",
  key: "Keys",
  version: "Versions and ports",
  folder: "A Chroma folder",
  source: "What the source holds",
  plan: "What goes where",
  target: "What stands at the target",
  room: "Room",
  here: "This machine",
} as const;

interface CodeEntry {
  readonly group: keyof typeof groups;
  readonly severity: Severity;
  readonly means: string;
  readonly remedy: string;
}

const patch = (body: string): string =>
  `curl -X PATCH '{url}/collections/{target}' -H "api-key: $QDRANT_API_KEY" -H 'content-type: application/json' -d '${body}'`;
const strict = (body: string): string => patch(`{"strict_mode_config":{${body}}}`);

export const findingCodes = {
  "host-not-found": {
    group: "reach",
    severity: "error",
    means: "No address is known for the host's name.",
    remedy: "getent hosts {host}",
  },
  "connection-refused": {
    group: "reach",
    severity: "error",
    means: "The host is there, and nothing listens at the port.",
    remedy: "{start}",
  },
  "no-answer": {
    group: "reach",
    severity: "error",
    means: "Nothing came back in time: a firewall, a wrong port, or a server that hangs.",
    remedy: "curl -v --max-time 60 {url}",
  },
  "connection-lost": {
    group: "reach",
    severity: "error",
    means: "A connection could be made, and was closed before an answer.",
    remedy: "curl -v --max-time 60 {url}",
  },
  "tls-wanted": {
    group: "reach",
    severity: "error",
    means: "The server speaks TLS, and the address does not say so.",
    remedy: "{doctor}",
  },
  "tls-not-spoken": {
    group: "reach",
    severity: "error",
    means: "The address says TLS, and the server does not speak it.",
    remedy: "{doctor}",
  },
  "certificate-untrusted": {
    group: "reach",
    severity: "error",
    means:
      "The server's certificate is signed by nobody who is trusted here, has run out, or is for another name.",
    remedy: "{doctor} {caFlag} FILE",
  },
  "server-fault": {
    group: "reach",
    severity: "error",
    means: "The server answers with a fault of its own, or with what is no answer of its kind.",
    remedy: "curl -v {url}",
  },
  "rate-limited": {
    group: "reach",
    severity: "warning",
    means: "The server lets no more requests through at present.",
    remedy: "vecferry migrate {ends} --max-rows-per-second 500",
  },
  "not-chroma": {
    group: "reach",
    severity: "error",
    means: "What answers at the source's address is no Chroma.",
    remedy: "vecferry doctor chroma://HOST:8000",
  },
  "not-qdrant": {
    group: "reach",
    severity: "error",
    means: "What answers at the target's address is no Qdrant.",
    remedy: "vecferry doctor http://HOST:6333",
  },
  "is-qdrant": {
    group: "reach",
    severity: "error",
    means: "The source's address is a Qdrant's.",
    remedy: "vecferry doctor chroma://{host}:8000 {url}",
  },
  "is-chroma": {
    group: "reach",
    severity: "error",
    means: "The target's address is a Chroma's.",
    remedy: "vecferry doctor {chroma} http://{host}:6333",
  },
  "setting-wrong": {
    group: "reach",
    severity: "error",
    means: "What was said of an end does not fit together.",
    remedy: "vecferry help doctor",
  },
  "tenant-not-found": {
    group: "reach",
    severity: "error",
    means: "The source has no tenant or database of this name.",
    remedy: "vecferry doctor {root}/TENANT/DATABASE",
  },
  unforeseen: {
    group: "reach",
    severity: "error",
    means: "A part of the examination failed; what it would have found is not known.",
    remedy: "{doctor} --json",
  },

  "key-missing": {
    group: "key",
    severity: "error",
    means: "The server wants a key, and none is given.",
    remedy: "{keyFlag} FILE",
  },
  "key-refused": {
    group: "key",
    severity: "error",
    means: "The server does not take the key that is given.",
    remedy: "{keyFlag} FILE",
  },
  "key-read-only": {
    group: "key",
    severity: "error",
    means: "The target's key may read, and not write.",
    remedy: "{keyFlag} FILE",
  },
  "key-limited": {
    group: "key",
    severity: "warning",
    means: "The target's key may write to some collections alone, so none can be made.",
    remedy: "{keyFlag} FILE",
  },

  version: {
    group: "version",
    severity: "info",
    means: "What the end is, as far as it tells.",
    remedy: "",
  },
  "version-too-old": {
    group: "version",
    severity: "error",
    means: "This version, or this format, cannot be used.",
    remedy: "{upgrade}",
  },
  "version-old": {
    group: "version",
    severity: "warning",
    means: "This version can be used, and lacks something that a migration would use.",
    remedy: "docker pull qdrant/qdrant:v1.18.2",
  },
  "version-newer": {
    group: "version",
    severity: "warning",
    means: "This version is newer than any that vecferry was tested with.",
    remedy: "vecferry quick-test {ends}",
  },
  "grpc-port-as-rest": {
    group: "version",
    severity: "error",
    means: "The target's address names the gRPC port, where the REST port belongs.",
    remedy: "{doctor}",
  },
  "rest-port-as-grpc": {
    group: "version",
    severity: "error",
    means: "The gRPC port that was named is a REST port.",
    remedy: "{doctor} --qdrant-grpc-port {port}",
  },
  "grpc-port-wrong": {
    group: "version",
    severity: "error",
    means: "The gRPC port that was named cannot be used.",
    remedy: "{doctor} --qdrant-grpc-port off",
  },
  "rest-alone": {
    group: "version",
    severity: "info",
    means: "Points go by REST, which takes several times as long as gRPC.",
    remedy: "{doctor} --qdrant-grpc-port PORT",
  },
  "clock-skew": {
    group: "version",
    severity: "warning",
    means:
      "The server's clock and this machine's differ: tokens and certificates may be taken for expired.",
    remedy: "timedatectl set-ntp true",
  },

  "folder-missing": {
    group: "folder",
    severity: "error",
    means: "There is no Chroma folder at this path, or it cannot be read.",
    remedy: "find / -name chroma.sqlite3 2>/dev/null",
  },
  "folder-layout": {
    group: "folder",
    severity: "error",
    means: "The folder's layout is not one that is read.",
    remedy: "vecferry doctor chroma://HOST:8000",
  },
  "folder-damaged": {
    group: "folder",
    severity: "error",
    means: "A file of the folder is damaged or cut short.",
    remedy: "sqlite3 {folder}/chroma.sqlite3 'pragma integrity_check'",
  },
  "folder-in-use": {
    group: "folder",
    severity: "warning",
    means: "A process has the folder's database open: what it writes meanwhile may be seen or not.",
    remedy: "{stop}",
  },
  "source-changing": {
    group: "folder",
    severity: "warning",
    means:
      "The source was written to while it was examined; a migration needs a last pass after the writes have stopped.",
    remedy: "vecferry migrate {ends}",
  },
  "upgrade-rewrites": {
    group: "folder",
    severity: "info",
    means:
      "A Chroma before 1.0 wrote the folder; a newer one that opens it rewrites it, and the old one cannot use it any more.",
    remedy: "cp -a {folder} {folder}-copy",
  },
  "upgrade-damages": {
    group: "folder",
    severity: "warning",
    means:
      "A Chroma 1.x that opens this folder panics over records without a document, and answers 500 for every collection that it reads after that.",
    remedy: "vecferry migrate {ends}",
  },

  "no-collections": {
    group: "source",
    severity: "warning",
    means: "The source has no collection in scope.",
    remedy: "vecferry doctor {root}/TENANT/DATABASE",
  },
  "never-written": {
    group: "source",
    severity: "info",
    means:
      "Nothing was ever written to the collection, so it has no dimension and is not made at the target.",
    remedy: "vecferry migrate {ends} --vector-size NUMBER",
  },
  "distance-unknown": {
    group: "source",
    severity: "error",
    means: "The source does not tell the collection's distance.",
    remedy: "vecferry migrate {ends} --distance-metric cosine",
  },
  "collection-unreadable": {
    group: "source",
    severity: "error",
    means: "The collection cannot be read at all.",
    remedy: "vecferry doctor PATH-OF-THE-SERVERS-FOLDER",
  },
  "records-unreadable": {
    group: "source",
    severity: "warning",
    means: "Records that the source cannot give; they stand in quarantine after a migration.",
    remedy: "vecferry migrate {ends}",
  },
  "missing-vectors": {
    group: "source",
    severity: "warning",
    means: "Records without a vector; they stand in quarantine after a migration.",
    remedy: "vecferry backup {source} archive:./before",
  },
  "stale-vectors": {
    group: "source",
    severity: "warning",
    means:
      "Records whose newest vector was lost with the folder's queue: every Chroma answers with the one before. They stand in quarantine after a migration.",
    remedy: "vecferry backup {source} archive:./before",
  },
  "mixed-dimensions": {
    group: "source",
    severity: "warning",
    means:
      "Records whose vector has another dimension than the collection; they stand in quarantine after a migration.",
    remedy: "vecferry migrate {ends}",
  },
  "not-finite": {
    group: "source",
    severity: "warning",
    means:
      "Vectors with NaN or an infinity, which Qdrant does not take; their records stand in quarantine after a migration.",
    remedy: "vecferry backup {source} archive:./before",
  },
  "zero-vectors": {
    group: "source",
    severity: "warning",
    means:
      "Zero vectors under cosine, which have no direction; their records stand in quarantine after a migration.",
    remedy: "vecferry backup {source} archive:./before",
  },
  "tiny-norms": {
    group: "source",
    severity: "info",
    means:
      "Vectors that are nearly zero under cosine: they are carried, and their direction is what rounding left of it.",
    remedy: "vecferry compare {ends}",
  },
  "metadata-not-json": {
    group: "source",
    severity: "warning",
    means: "Records whose metadata is no JSON; they stand in quarantine after a migration.",
    remedy: "vecferry backup {source} archive:./before",
  },
  "reserved-keys": {
    group: "source",
    severity: "error",
    means:
      "Metadata keys that the chosen layout keeps for itself: a migration refuses them before it writes anything.",
    remedy: "vecferry migrate {ends} --layout vecferry",
  },
  "cloud-requests": {
    group: "source",
    severity: "info",
    means:
      "Chroma Cloud answers so many records a request at most, so that reading everything takes so many requests.",
    remedy: "vecferry plan {ends}",
  },
  "cloud-closing": {
    group: "source",
    severity: "warning",
    means: "Chroma Cloud takes no writes after 2026-11-22 and answers no reads after 2026-12-22.",
    remedy: "vecferry backup {source} archive:./rescue",
  },
  "over-quota": {
    group: "source",
    severity: "info",
    means:
      "Records larger than Chroma Cloud's published quotas: it would answer 422 if they were written to it again.",
    remedy: "vecferry backup {source} archive:./rescue",
  },
  "quota-refused": {
    group: "source",
    severity: "error",
    means: "Chroma Cloud refuses a read because of a quota.",
    remedy: "vecferry doctor {source} --max-rows-per-second 300",
  },

  "collection-not-found": {
    group: "plan",
    severity: "error",
    means: "A flag names a collection that the source does not have.",
    remedy: "vecferry doctor {source}",
  },
  "same-name": {
    group: "plan",
    severity: "error",
    means: "Two collections of one name, in two tenants or databases, are in scope.",
    remedy: "vecferry migrate '{source}?tenant=TENANT&database=DATABASE' {targetWord}",
  },
  unmapped: {
    group: "plan",
    severity: "error",
    means:
      "Collections that the tenant mapping misses, or that would share a target without a tenant each.",
    remedy: "vecferry migrate {ends} --default-tenant NAME",
  },
  "mapping-wrong": {
    group: "plan",
    severity: "error",
    means: "The tenant mapping names a collection that the source does not have.",
    remedy: "vecferry plan {ends} --write-tenant-mapping FILE",
  },
  "id-collision": {
    group: "plan",
    severity: "error",
    means:
      "Two source ids would become one point: one record would overwrite the other. A migration refuses them before it writes anything.",
    remedy: "vecferry migrate {ends} --id-prefix {collection}=TEXT",
  },
  "name-refused": {
    group: "plan",
    severity: "error",
    means: "Qdrant takes no collection of this name.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
  },

  "schema-conflict": {
    group: "target",
    severity: "error",
    means:
      "A collection stands at the target with another dimension, distance, layout or tenancy than the plan needs.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
  },
  "named-vectors": {
    group: "target",
    severity: "error",
    means: "The collection that stands at the target has named vectors alone.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
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
    means: "Another process has the embedded Qdrant open.",
    remedy: "kill {pid}",
  },
  "target-damaged": {
    group: "target",
    severity: "error",
    means: "The embedded Qdrant's folder, or a file in it, is damaged or holds other things.",
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

export type FindingCode = keyof typeof findingCodes;
