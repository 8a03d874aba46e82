/** What `doctor` can find in a source: see `codes.ts`. */
import type { CodeEntry } from "./code-entry.ts";

export const sourceCodes = {
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
    remedy: "vecferry compare {source} {targetWord}",
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
    remedy: "vecferry migrate {source}'?tenant=TENANT&database=DATABASE' {targetWord}",
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
      "Two source ids would become one point, or another's point stands at the target where a record would be: one would overwrite the other. A migration refuses them before it writes anything.",
    remedy: "vecferry migrate {ends} --id-prefix {collection}=TEXT",
  },
  "name-refused": {
    group: "plan",
    severity: "error",
    means: "Qdrant takes no collection of this name.",
    remedy: "vecferry migrate {ends} --rename {collection}=NEW",
    sharedRemedy: "vecferry migrate {ends} --target-collection NEW",
  },
} as const satisfies Record<string, CodeEntry>;
