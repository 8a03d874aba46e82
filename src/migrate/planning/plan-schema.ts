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
const dimension = positive.max(65_536);

/** No two of the list bear one name. */
function differing<Item>(
  list: z.ZodArray<z.ZodType<Item>>,
  nameOf: (item: Item) => string,
): z.ZodArray<z.ZodType<Item>> {
  return list.superRefine((items, { addIssue }) => {
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const name = nameOf(item);
      if (seen.has(name))
        addIssue({
          code: "custom",
          path: [index],
          message: `${JSON.stringify(name)} is listed twice`,
        });
      seen.add(name);
    }
  });
}

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
  vectorSize: dimension.nullable(),
  distance: z.enum(distances).nullable(),
});

const alwaysRam = z.boolean().exactOptional();

/** Each kind with what it alone takes, in Qdrant's own words. */
export const quantizationSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("scalar"),
    quantile: z.number().min(0.5).max(1).exactOptional(),
    alwaysRam,
  }),
  z.strictObject({
    kind: z.literal("product"),
    compression: z.enum(["x4", "x8", "x16", "x32", "x64"]).exactOptional(),
    alwaysRam,
  }),
  z.strictObject({
    kind: z.literal("binary"),
    bits: z.enum(["one_bit", "one_and_half_bits", "two_bits"]).exactOptional(),
    alwaysRam,
  }),
  z.strictObject({
    kind: z.literal("turbo"),
    bits: z.enum(["bits1", "bits1_5", "bits2", "bits4"]).exactOptional(),
    alwaysRam,
  }),
]);

/** The bounds are those of the flags. */
const hnswSchema = z.strictObject({
  m: count.max(10_000).exactOptional(),
  payloadM: count.max(10_000).exactOptional(),
  efConstruct: count.min(4).max(100_000).exactOptional(),
  fullScanThreshold: count.min(10).max(1_000_000_000).exactOptional(),
  maxIndexingThreads: count.max(1_024).exactOptional(),
});

const indexSchema = z.strictObject({
  key: z.string().min(1),
  type: z.enum(payloadIndexTypes),
  tenant: z.boolean().exactOptional(),
});

const settingsSchema = z.strictObject({
  indexes: differing(z.array(indexSchema), ({ key }) => key),
  quantization: quantizationSchema.nullable(),
  hnsw: hnswSchema,
  onDisk: z.boolean().nullable(),
  shards: positive.max(10_000).nullable(),
  replicas: positive.max(1_000).nullable(),
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
  dimension,
  distance: z.enum(distances),
});

const plannedCollectionSchema = z.object({
  source: z.object({
    key: z.string().describe("What never changes while the collection lives: Chroma's uuid."),
    name: z.string(),
    tenant: text,
    database: text,
    dimension: dimension.nullable(),
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
  dimension,
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
    collections: differing(z.array(plannedCollectionSchema), ({ source }) => source.key),
    skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
    targets: differing(z.array(targetSchema), ({ name }) => name),
    estimate: estimateSchema.describe("Of all collections together."),
    seconds: z
      .number()
      .nonnegative()
      .max(Number.MAX_SAFE_INTEGER)
      .describe("From the first request to the end, estimated."),
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
