/**
 * The embedded Qdrant answers as Qdrant does: the same random requests go to it and to a judge, and every answer is compared. A seed is
 * printed; VECFERRY_TRUTH_SEED plays it again, VECFERRY_TRUTH_OPERATIONS plays more than 1,000 (10,000 before a release).
 */
import { describe, expect, it } from "vitest";
import { edgeJudge } from "../support/truth/edge-judge.ts";
import { embeddedJudge, type Judge, serverJudge } from "../support/truth/judges.ts";
import { asCurl, clear, play, shrink } from "../support/truth/play.ts";
import type { Abilities } from "../support/truth/shapes.ts";
import { drawSteps } from "../support/truth/steps.ts";

const operations = Number(process.env["VECFERRY_TRUTH_OPERATIONS"] ?? 1_000);
const seed = Number(process.env["VECFERRY_TRUTH_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** A sequence is this long, so that it is soon played again. */
const sequenceLength = 500;
const timeoutMs = 60_000 + operations * 100;

/** A Python that has qdrant-edge-py. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const serverUrl = process.env["QDRANT_URL"] ?? "";

/** Plays sequences until `operations` are through. @throws with the shortest sequence that shows the first disagreement */
async function agree(truth: Judge, abilities: Abilities): Promise<void> {
  console.log(`${truth.name}: ${operations} operations, VECFERRY_TRUTH_SEED=${seed}`);
  const prefix = `truth-${crypto.randomUUID()}-`;
  await using tried = await embeddedJudge();
  try {
    for (let played = 0; played < operations; played += sequenceLength) {
      const length = Math.min(sequenceLength, operations - played);
      const steps = drawSteps(seed + played, length, prefix, abilities);
      const [first] = await play(steps, prefix, truth, tried);
      if (!first) continue;
      const short = await shrink(steps, first, prefix, truth, tried);
      expect.fail(
        `VECFERRY_TRUTH_SEED=${seed + played}, step ${first.at}: ${truth.name} ≠ ours, ${short.what}\n${asCurl(short.steps)}`,
      );
    }
  } finally {
    await clear(prefix, truth, tried);
  }
}

describe.skipIf(!serverUrl)(`a real server${serverUrl ? "" : " (QDRANT_URL is not set)"}`, () => {
  it(
    `answers ${operations} random operations as the embedded one does`,
    async () => {
      await using truth = serverJudge(serverUrl, process.env["QDRANT_API_KEY"]);
      await agree(truth, { server: true, as1182: true, whole: true });
    },
    timeoutMs,
  );
});

describe.skipIf(!python)(`Qdrant's own engine${python ? "" : " (needs FRAMEWORKS_PYTHON)"}`, () => {
  it(
    `answers ${operations} random operations as the embedded one does`,
    async () => {
      await using truth = await edgeJudge(python);
      await agree(truth, { server: false, as1182: false, whole: false });
    },
    timeoutMs,
  );
});
