/** What a comparison found, as it stands in the report. */
import { z } from "zod";
import { indexUses } from "./index-use.ts";

const count = z.int().nonnegative();
const number = z.number().nullable();
const share = z.number().min(0).max(1);

const groupFields = {
  queries: count.describe("Queries that these figures are of."),
  recall: z
    .object({
      source: share
        .nullable()
        .describe("Mean of the source's answers; null where it was not asked."),
      exact: share
        .nullable()
        .describe("Mean of the target's, asked exactly; null where it refuses that."),
      target: z
        .object({ mean: share, median: share, min: share, p5: share })
        .describe("Of the target as it is configured."),
    })
    .describe("Share of the k nearest, by brute force over the source, that an answer has."),
  overlap: share.describe("Mean share of the reference's k that the target's answer has too."),
  top1: share.describe("Queries whose nearest record is the same in both."),
  spearman: number.describe("Mean rank correlation of the records that both answer."),
  scoreDifference: z
    .object({ mean: z.number(), max: z.number() })
    .nullable()
    .describe("Of the distances that both answer for one record, in Chroma's terms."),
};

const groupSchema = z.object(groupFields);

const collectionSchema = z.object({
  name: z.string(),
  target: z.string(),
  tenant: z.string().nullable(),
  records: count.describe(
    "Records of the source with a vector, all of them held against each query.",
  ),
  k: count.describe("Neighbours asked for: less than `k` where there are not so many."),
  index: z
    .enum(indexUses)
    .describe(
      "Whether the target searches it by an index: `used`; else by brute force, as it is too `small`, its index is switched `off`, or `held` back by a copy, or the target has `none`.",
    ),
  ...groupFields,
});

const latencySchema = z.object({
  inFlight: count,
  queries: count,
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  queriesPerSecond: z.number(),
});

export const compareSchema = z
  .object({
    k: count,
    queriesFrom: z.enum(["records", "file"]),
    seed: z.string().describe("What the drawing of queries and filters followed."),
    reference: z
      .enum(["source", "truth"])
      .describe(
        "What overlap, order and scores are held against: the source's own answers, or the truth where the source has no server to ask.",
      ),
    all: groupSchema.nullable().describe("Null where no collection could be compared."),
    collections: z.array(collectionSchema),
    tenants: z.array(z.object({ tenant: z.string(), ...groupFields })),
    filtered: groupSchema
      .nullable()
      .describe("All queries with a filter; they are in no other group."),
    filters: z.array(
      z.object({
        collection: z.string(),
        key: z.string().describe("The metadata's key; its value is not told."),
        ...groupFields,
      }),
    ),
    latency: z
      .object({ source: z.array(latencySchema), target: z.array(latencySchema) })
      .describe("Of the same queries, names and distances alone, seen from here."),
    residentBytes: z
      .object({ source: count.nullable(), target: count.nullable() })
      .describe("Memory of the servers' processes; null where it cannot be read."),
    gates: z.array(
      z.object({
        gate: z.string(),
        of: z.string().describe("`all`, or the collection."),
        wanted: z.number().describe("Of the gate `index`: 1, an index that answers."),
        found: number,
        met: z.boolean(),
      }),
    ),
    truthMs: count.describe(
      "Milliseconds for the brute force, the reading of the source included.",
    ),
    notes: z.array(z.string()),
  })
  .describe("How search behaves at both ends.");

export type CompareReport = z.infer<typeof compareSchema>;
export type GroupFigures = z.infer<typeof groupSchema>;
export type LatencyFigures = z.infer<typeof latencySchema>;
export type GateResult = CompareReport["gates"][number];
