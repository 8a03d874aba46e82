/**
 * The plan file: what `vecferry plan --out` writes and `vecferry migrate --plan` does. Format 1; fields may be added, none
 * changes its meaning. `request` decides everything; what stands under `collections` and `targets` follows from it and from the
 * two ends, and is compared with them before anything is written.
 */
import { z } from "zod";
import { distancePlaces, layouts, payloadIndexTypes } from "../../model/collection.ts";
import { distances } from "../../model/distance.ts";
import { embeddingCodeSchema } from "../../model/embedding-code.ts";
import { embeddingFunctionSchema } from "../../model/embedding-function.ts";
import { collectionSurveySchema } from "../survey/survey.ts";
import { estimateSchema } from "./estimate.ts";
import { sizingSchema } from "./sizing.ts";
import { suggestionSchema } from "./suggest.ts";

export const planFormat = 1;

const text = z.string().nullable();
const count = z.int().nonnegative();
const positive = z.int().positive();

const endSchema = z
  .object({ kind: z.string(), address: z.string(), tenant: text, database: text })
  .describe("A store as it names itself; no key, no password.");

const scopeSchema = z.strictObject({
  collections: z.array(z.string()).nullable(),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  where: z.json().describe("Chroma's where; null = every record."),
  limit: positive.nullable(),
});

const shapeSchema = z.strictObject({
  layout: z.enum(layouts).nullable(),
  targetCollection: text,
  renames: z.record(z.string(), z.string()),
  mapping: z.record(z.string(), z.string().min(1)).nullable(),
  defaultTenant: text,
  idPrefixes: z.record(z.string(), z.string()),
  vectorSize: positive.max(65_536).nullable(),
  distance: z.enum(distances).nullable(),
});

const quantizationSchema = z.strictObject({
  kind: z.enum(["scalar", "product", "binary", "turbo"]),
  quantile: z.number().min(0.5).max(1).exactOptional(),
  compression: z
    .string()
    .regex(/^x(4|8|16|32|64)$/)
    .exactOptional(),
  bits: z
    .string()
    .regex(/^((one|one_and_half)_bits?|two_bits|bits(1|1_5|2|4))$/)
    .exactOptional(),
  alwaysRam: z.boolean().exactOptional(),
});

const hnswSchema = z.strictObject({
  m: count.exactOptional(),
  payloadM: count.exactOptional(),
  efConstruct: count.exactOptional(),
  fullScanThreshold: count.exactOptional(),
  maxIndexingThreads: count.exactOptional(),
});

const indexSchema = z.strictObject({
  key: z.string().min(1),
  type: z.enum(payloadIndexTypes),
  tenant: z.boolean().exactOptional(),
});

const settingsSchema = z.strictObject({
  indexes: z.array(indexSchema),
  quantization: quantizationSchema.nullable(),
  hnsw: hnswSchema,
  onDisk: z.boolean().nullable(),
  shards: positive.nullable(),
  replicas: positive.nullable(),
});

const requestSchema = z
  .strictObject({ scope: scopeSchema, shape: shapeSchema, settings: settingsSchema })
  .describe("What was asked, in the words of the flags: this is what `migrate --plan` does.");

const plannedTargetSchema = z.strictObject({
  name: z.string(),
  tenant: text,
  tenanted: z.boolean(),
  merged: z.boolean(),
  layout: z.enum(layouts),
  idPrefix: text,
  dimension: positive,
  distance: z.enum(distances),
});

const plannedCollectionSchema = z.object({
  source: z.object({
    key: z.string().describe("What never changes while the collection lives: Chroma's uuid."),
    name: z.string(),
    tenant: text,
    database: text,
    dimension: positive.nullable(),
    distance: z.enum(distances).nullable(),
    distanceFrom: z.enum(distancePlaces).nullable().describe("How the distance was found."),
  }),
  target: plannedTargetSchema.describe("What it becomes."),
  survey: collectionSurveySchema,
  embeddingFunction: embeddingFunctionSchema,
  embed: embeddingCodeSchema.nullable().describe("How a query is embedded; null = not known."),
  suggestions: z.array(suggestionSchema),
  estimate: estimateSchema,
});

const targetSchema = z.object({
  name: z.string(),
  dimension: positive,
  distance: z.enum(distances),
  layout: z.enum(layouts),
  tenanted: z.boolean(),
  exists: z.boolean().describe("Whether it stands at the target already."),
  indexes: z.array(indexSchema),
  sources: z.array(z.string()).describe("Names of the source collections that go there."),
  sizing: sizingSchema,
});

export const planFileSchema = z
  .object({
    format: z.literal(planFormat),
    tool: z.object({ name: z.literal("vecferry"), version: z.string() }),
    madeAt: z.iso.datetime(),
    source: endSchema,
    target: endSchema.nullable().describe("Null: the plan is about the source alone."),
    run: text.describe("The mark that the migration's points will bear; null without a target."),
    request: requestSchema,
    collections: z.array(plannedCollectionSchema),
    skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
    targets: z.array(targetSchema),
    estimate: estimateSchema.describe("Of all collections together."),
    seconds: z.number().nonnegative().describe("From the first request to the end, estimated."),
    notes: z.array(z.string()),
  })
  .describe("A plan of vecferry.");

export type PlanFile = z.infer<typeof planFileSchema>;
export type PlannedCollection = PlanFile["collections"][number];
export type PlannedTarget = PlanFile["targets"][number];

/** The plan file's JSON Schema (draft 2020-12) as text: what stands in docs/plan.schema.json. */
export function planJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(planFileSchema), null, 2)}\n`;
}
