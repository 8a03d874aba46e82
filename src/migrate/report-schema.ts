/** The report of a run: what `report.json` holds. Format 1; fields may be added, none changes its meaning. */
import { z } from "zod";
import { layouts } from "../model/collection.ts";
import { distances } from "../model/distance.ts";
import { compareSchema } from "./compare/figures.ts";
import { differenceKinds } from "./journal/difference.ts";
import { migrationStates } from "./journal/journal.ts";
import { phases } from "./request.ts";

export const reportFormat = 1;
/** Differences that a report names in full for each collection; all of them stand in the journal. */
export const examplesMax = 20;

const count = z.int().nonnegative();
const text = z.string().nullable();

const storeSchema = z
  .object({ kind: z.string(), address: z.string(), tenant: text, database: text, version: text })
  .describe("A store as it names itself; no key, no password.");

const countsSchema = z
  .object({
    listed: count.describe("Records in the newest listing, or carried."),
    pending: count.describe("Listed, and not carried yet."),
    written: count.describe("Acknowledged by the target."),
    quarantined: count.describe("Cannot be carried; each stands in the quarantine file."),
    left: count.describe("Listed once, never carried, and gone from the source."),
    deleted: count.describe("Carried, and deleted at the source since."),
  })
  .describe("What the journal holds, of all runs.");

const runCountsSchema = z
  .object({
    listed: count,
    appeared: count.describe("Listed only when the source was listed again."),
    vanished: count.describe("Found deleted at the source by this run."),
    carried: count.describe("Records written to the target."),
    changed: count
      .default(0)
      .describe("Of these, records that an earlier run had written as they were then."),
    unchanged: count.describe(
      "Records read and not sent, because the target has them as they are.",
    ),
    failed: count.describe("Records quarantined."),
    kept: count.describe("Changed at both ends; the target's was left as it is."),
    removed: count.describe("Points taken away from the target."),
    bytes: count.describe("Bytes of vectors (float32) and payload (text) that were sent."),
  })
  .describe("What this run did.");

const deltaSchema = z
  .object({
    added: count.describe("Carried for the first time, or again after they had been deleted."),
    changed: count.describe("Carried again, because they have changed at the source."),
    deleted: count.describe("Found deleted at the source."),
  })
  .nullable()
  .describe("What the source had changed since an earlier run; null in a first copy.");

const collectionSchema = z.object({
  source: z.object({ key: z.string(), name: z.string(), tenant: text, database: text }),
  target: z.string(),
  tenant: text,
  layout: z
    .enum(layouts)
    .nullable()
    .describe("Null where records go as they are: into an archive, and points out of one."),
  dimension: count,
  distance: z
    .enum(distances)
    .nullable()
    .describe("Null where points go as they are and Chroma does not have their distance."),
  idPrefix: text,
  counts: countsSchema,
  run: runCountsSchema,
  delta: deltaSchema.default(null),
  batchSize: count.nullable().describe("Records a batch; null where none was sent."),
  batchesInFlight: count.nullable(),
  quarantine: z.record(z.string(), count).describe("Quarantined records by reason."),
});

const differenceSchema = z.object({
  kind: z.enum(differenceKinds),
  id: z.string(),
  point: z.string(),
  detail: z.string().describe("What differs: names of fields and types, never values."),
});

const verifiedCollectionSchema = z.object({
  name: z.string(),
  target: z.string(),
  schema: z
    .array(z.string())
    .describe("What of the target collection itself differs from the plan."),
  compared: count.describe("Records compared with the target."),
  readAgain: count.describe("Records of the source that were read anew."),
  differences: z.partialRecord(z.enum(differenceKinds), count),
  quarantined: count.describe("Listed, not carried, and no difference."),
  goneAtBothEnds: count.describe("Deleted at the source, and not at the target either."),
  examples: z.array(differenceSchema).max(examplesMax),
});

const verifySchema = z.object({
  verdict: z.string().describe("What was compared, and what was found, in one sentence."),
  readSource: z.boolean().describe("Whether every record of the source was read anew."),
  differences: count.describe("All differences that are left, those of the schema too."),
  foreign: z
    .record(z.string(), count)
    .describe("Points of each target collection that are not these collections'; no difference."),
  sample: z
    .object({
      records: count,
      seed: z.string(),
      mismatches: count,
      bound: text.describe("What the sample says of all records, and by which rule."),
    })
    .nullable(),
  collections: z.array(verifiedCollectionSchema),
});

export const reportSchema = z
  .object({
    format: z.literal(reportFormat),
    tool: z.object({ name: z.literal("vecferry"), version: z.string() }),
    command: z.enum(["migrate", "verify", "repair", "backup", "restore", "compare", "export"]),
    migration: z
      .object({
        key: z.string().describe("SHA-256 over both ends' identity."),
        run: z.string().describe("The mark of the migration's points: the key's first 16 digits."),
      })
      .nullable()
      .describe("Null where the run failed before it knew its source."),
    state: z
      .enum(migrationStates)
      .nullable()
      .describe("Null where the run failed before it came to the migration."),
    source: storeSchema.nullable().describe("Null where the run failed before it knew its source."),
    target: storeSchema,
    collections: z.array(collectionSchema),
    skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
    totals: runCountsSchema,
    delta: deltaSchema.default(null),
    rates: z.object({
      recordsPerSecond: z.number().nullable(),
      bytesPerSecond: z.number().nullable(),
    }),
    phases: z.record(z.string(), z.number()).describe("Milliseconds by phase."),
    rateSamples: z
      .array(
        z.object({
          atMs: count.describe("Milliseconds since the run began."),
          phase: z.enum(phases),
          records: count.describe("That the run had had through the phase until then."),
          bytes: count.describe("That it had sent in the phase until then."),
        }),
      )
      .default([])
      .describe("How far the run was at each time: as many samples as tell its rate."),
    retries: z.object({ source: count, target: count }),
    quarantine: z.object({
      records: count,
      byReason: z.record(z.string(), count),
      file: text,
    }),
    verify: verifySchema.nullable(),
    compare: compareSchema.nullable().default(null).describe("Null where nothing was compared."),
    notes: z.array(z.string()),
    environment: z.object({
      node: z.string(),
      platform: z.string(),
      arch: z.string(),
      cpus: count,
      memoryBytes: count,
      targetRoad: text.describe(
        "Whether points went by gRPC or by REST, and why; null where there is no choice, or none was made.",
      ),
    }),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    exit: z.int(),
    failure: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
    next: z.array(z.string()).describe("What to do now, the nearest first."),
  })
  .describe("The report of a run of vecferry.");

export type Report = z.infer<typeof reportSchema>;
export type CollectionReport = Report["collections"][number];
export type RunCounts = Report["totals"];
export type VerifyReport = NonNullable<Report["verify"]>;
export type VerifiedCollection = VerifyReport["collections"][number];

/** The report's JSON Schema (draft 2020-12) as text: what stands in docs/report.schema.json. */
export function reportJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(reportSchema), null, 2)}\n`;
}
