/** The flags of a comparison: of `compare`, and of `migrate --compare`. */
import { randomInt } from "node:crypto";
import { VectorError } from "../errors.ts";
import { readQueries } from "../migrate/compare/query-file.ts";
import { type CompareRequest, kDefault, queriesDefault } from "../migrate/compare/request.ts";
import { greenWaitMs } from "../migrate/wait-green.ts";
import type { FlagTable, Values } from "./setting.ts";
import { fraction, oneOf, text, wholeNumber } from "./values.ts";

/** What is asked. */
export const compareFlags = {
  k: {
    flag: "--k <number>",
    help: `neighbours asked for; default ${kDefault}`,
    schema: wholeNumber(1, 1_000),
  },
  querySample: {
    flag: "--query-sample <queries>",
    help: `queries drawn from the source's records; default ${queriesDefault}`,
    schema: wholeNumber(1, 10_000),
  },
  queries: {
    flag: "--queries <file>",
    help: "ask these vectors instead: a JSON array a line, or .npy (float32 or float64)",
    schema: text,
  },
  seed: {
    flag: "--seed <number>",
    help: "draw the same queries and filters as the run that printed it",
    schema: wholeNumber(0, 2 ** 32 - 1),
  },
  waitGreenMs: {
    flag: "--wait-green-ms <ms>",
    help: `how long to wait until the target has finished indexing; default ${greenWaitMs}`,
    schema: wholeNumber(0, 86_400_000),
  },
} as const satisfies FlagTable;

/** What must be found; each of them missed is exit 6. */
export const gateFlags = {
  minRecall: {
    flag: "--min-recall <share>",
    help: "least mean recall of the target, of all queries and of each collection's",
    schema: fraction(0, 1),
  },
  minOverlap: {
    flag: "--min-overlap <share>",
    help: "least mean overlap of the target's answers with the source's, likewise",
    schema: fraction(0, 1),
  },
  maxP95Ms: {
    flag: "--max-p95-ms <ms>",
    help: "longest p95 of the target's answers with one query in flight",
    schema: fraction(0, 600_000),
  },
  gate: {
    flag: "--gate <name>",
    help: "qdrant: the figures that Qdrant publishes for a migration, at k = 10",
    schema: oneOf(["qdrant"]),
  },
} as const satisfies FlagTable;

/** What a comparison is asked; reads the file of queries. @throws E_USAGE, E_CONFIG, E_INPUT */
export async function compareRequest(
  asked: Values<typeof compareFlags>,
  gates: Values<typeof gateFlags>,
  residentBytes: CompareRequest["residentBytes"],
): Promise<CompareRequest> {
  const { k = null, queries, querySample, seed, waitGreenMs } = asked;
  if (queries !== undefined && querySample !== undefined)
    throw contradiction("--queries does not go with --query-sample.");
  if (gates.gate === "qdrant" && k !== null && k !== kDefault)
    throw contradiction(`--gate qdrant is about ${kDefault} neighbours, and --k says ${k}.`);
  return {
    k,
    queries: querySample ?? queriesDefault,
    vectors: queries === undefined ? null : await readQueries(queries),
    seed: seed ?? randomInt(2 ** 32),
    gates: {
      minRecall: gates.minRecall ?? null,
      minOverlap: gates.minOverlap ?? null,
      maxP95Ms: gates.maxP95Ms ?? null,
      qdrant: gates.gate === "qdrant",
    },
    waitGreenMs: waitGreenMs ?? greenWaitMs,
    residentBytes,
  };
}

function contradiction(message: string): VectorError {
  return new VectorError("E_USAGE", message, { next: "Leave one of the two out." });
}
