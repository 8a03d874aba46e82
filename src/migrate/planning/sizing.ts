/** What a target collection will take, as planned and with each quantization. */
import { z } from "zod";
import type { CollectionSpec, Layout, Quantization } from "../../model/collection.ts";
import { defaultM, embeddedFootprint, type Footprint, footprint } from "../../model/footprint.ts";
import { tenantKey } from "../../model/layout.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import type { CollectionSurvey } from "../survey/survey.ts";

const bytes = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

export const sizingSchema = z.object({
  points: z.int().nonnegative(),
  payloadBytes: bytes.describe("Mean bytes of a point's payload as JSON."),
  planned: z
    .object({ ramBytes: bytes, diskBytes: bytes })
    .describe("As the plan makes it, at the plan's own target."),
  choices: z.array(
    z.object({
      quantization: z.string(),
      flags: z.string().describe("What makes it so; empty = nothing."),
      ramBytes: bytes,
      diskBytes: bytes,
    }),
  ),
});

export type Sizing = Readonly<z.infer<typeof sizingSchema>>;

/** One source collection on its way into a target collection. */
export interface Surveyed {
  readonly plan: CollectionPlan;
  readonly survey: CollectionSurvey;
}

/** Quantizations that are compared. With one, memory holds the quantized vectors and the exact ones are read from disk. */
const choices: readonly { name: string; flags: string; quantization: Quantization | null }[] = [
  { name: "none", flags: "", quantization: null },
  ...(
    [
      ["scalar (int8)", "--quantization scalar", { kind: "scalar" }],
      [
        "turbo (4 bits)",
        "--quantization turbo --quantization-bits 4",
        { kind: "turbo", bits: "bits4" },
      ],
      ["product (x16)", "--quantization product", { kind: "product", compression: "x16" }],
      ["binary (1 bit)", "--quantization binary", { kind: "binary" }],
    ] as const
  ).map(([name, flags, quantization]) => ({
    name,
    flags: `${flags} --always-ram --on-disk`,
    quantization,
  })),
];

/** What the target collection of `spec` takes with the records of these collections in it: in this process (an embedded Qdrant, FAISS files) or at a server, and at a server with each quantization. */
export function sizingOf(
  spec: Pick<
    CollectionSpec,
    | "dimension"
    | "layout"
    | "tenanted"
    | "indexes"
    | "quantization"
    | "hnsw"
    | "onDisk"
    | "replicas"
  >,
  group: readonly Surveyed[],
  inProcess = false,
): Sizing {
  const points = group.reduce((sum, one) => sum + carried(one), 0);
  const payload = group.reduce((sum, one) => sum + carried(one) * one.survey.payload.mean, 0);
  const payloadBytes = storedBytes(spec.layout, spec.tenanted, points === 0 ? 0 : payload / points);
  const tenants = new Set(group.map(({ plan }) => plan.tenant)).size;
  const base = {
    points,
    dimension: spec.dimension,
    m: spec.tenanted ? (spec.hnsw.payloadM ?? defaultM) : (spec.hnsw.m ?? defaultM),
    payloadBytes,
    indexedValues: [
      ...spec.indexes.map(({ key }) => distinctOf(key, group)),
      ...(spec.tenanted ? [tenants] : []),
    ],
  };
  const { quantization, onDisk } = spec;
  const copies = (size: Footprint): Footprint => ({
    ramBytes: size.ramBytes * (spec.replicas ?? 1),
    diskBytes: size.diskBytes * (spec.replicas ?? 1),
  });
  return {
    points,
    payloadBytes: Math.round(payloadBytes),
    planned: inProcess
      ? embeddedFootprint(base)
      : copies(footprint({ ...base, quantization, vectorsInRam: onDisk !== true })),
    choices: choices.map(({ name, flags, quantization: choice }) => ({
      quantization: name,
      flags,
      ...copies(footprint({ ...base, quantization: choice, vectorsInRam: choice === null })),
    })),
  };
}

/** Records with a vector; of a sample, its share of all. */
function carried({ survey }: Surveyed): number {
  if (survey.surveyed === 0) return 0;
  return Math.round((survey.records * survey.withVector) / survey.surveyed);
}

function distinctOf(path: string, group: readonly Surveyed[]): number {
  return group.reduce((sum, { survey }) => {
    const found = survey.keys.find(({ key }) => path === key || path.endsWith(`.${key}`));
    if (found === undefined) return sum;
    // In a sample where nearly all values differ, so they do in the whole.
    const grows = !survey.complete && found.distinct > found.records / 2;
    return (
      sum +
      (grows ? Math.round((found.distinct * survey.records) / survey.surveyed) : found.distinct)
    );
  }, 0);
}

/** Bytes that a layout's own keys and the mark add; LlamaIndex's node holds document and metadata once more. */
function storedBytes(layout: Layout, tenanted: boolean, payloadBytes: number): number {
  const mark = 110;
  const tenant = tenanted ? tenantKey.length + 24 : 0;
  if (layout === "llamaindex") return 2 * payloadBytes + mark + 560 + tenant;
  return payloadBytes + mark + tenant;
}
