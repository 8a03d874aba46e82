/** `vecferry quick-test [SOURCE] [TARGET]`. */

import { VectorError } from "../../errors.ts";
import {
  type QuickTestRequest,
  quickTestRecords,
  runQuickTest,
} from "../../migrate/quick-test/quick-test.ts";
import { assertSource, assertTarget, connectRecordTarget } from "../../open.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, targetEnd } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, outputFlags, scopeFlags, shapeFlags } from "../flags.ts";
import { furtherFlags } from "../further-flags.ts";
import type { SourceAddress, TargetAddress } from "../identity.ts";
import { type Access, openSource } from "../open.ts";
import { quickTestText } from "../output/quick-test.ts";
import { openPassingTarget } from "../passing-target.ts";
import { toScope } from "../request.ts";
import type { Session } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { onOff, wholeNumber } from "../values.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

const { usual, max } = quickTestRecords;

const testFlags = {
  ...scopeFlags,
  limit: {
    flag: "--limit <records>",
    help: `records of each collection that are moved; default ${usual}, at most ${max}`,
    schema: wholeNumber(1, max),
  },
  layout: shapeFlags.layout,
  distanceMetric: shapeFlags.distanceMetric,
  writeSource: {
    flag: "--write-source",
    help: "write a small marked collection into the source, a running Chroma, move that, and remove it again",
    schema: onOff,
  },
} as const satisfies FlagTable;

/** What the addresses of the next command say already, and what only a test takes. */
const { limit, writeSource } = testFlags;
const { chromadbHost, chromadbPort, chromadbUseHttps, chromadbTenant, chromadbDatabase } =
  chromaFlags;
const { qdrantUrl, qdrantHost, qdrantPort, qdrantUseHttps } = qdrantFlags;
const ownFlags = {
  ...{ limit, writeSource, ...outputFlags },
  ...{ chromadbHost, chromadbPort, chromadbUseHttps, chromadbTenant, chromadbDatabase },
  ...{ qdrantUrl, qdrantHost, qdrantPort, qdrantUseHttps },
} as const satisfies FlagTable;

export const addQuickTest: AddVerb = (program, call) => {
  const command = program
    .command("quick-test")
    .summary("move a few records, verify, search and remove them: is all ready?")
    .description(
      `Moves the first ${usual} records of the source's first collection that has any (of each that is named) into a marked collection at the target, ` +
        "verifies them one by one, searches and filters them, and removes the collection again, however it ends. " +
        "What a quick test that was killed has left, the next one removes.",
    )
    .argument("[source]", "as in `vecferry migrate`")
    .argument("[target]", "as in `vecferry migrate`");
  addFlags(command, "What is tested:", testFlags);
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "What it says:", outputFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 4, 5, 130]));
  onCommand(command, call, quickTest);
};

const quickTest: Action = async (session, operands, flags) => {
  const [sourceText, targetText] = operands;
  const ends = readEnds(session, flags);
  const { values } = readSettings(testFlags, flags, session.environment);
  assertNoAddress("--chromadb-collections", values.chromadbCollections);
  const source = assertSource(sourceEnd(sourceText, ends.chroma).address);
  const target = assertTarget(targetEnd(targetText, ends.qdrant).address);
  const { layout = null, distanceMetric: distance = null, writeSource = false } = values;
  const scope = { ...toScope(values), limit: values.limit ?? usual };
  if (writeSource) assertWritable(source, values);
  return test(session, { source, target, access: ends.access() }, writeSource, {
    scope,
    layout,
    distance,
    flags: furtherFlags(session.io.argv, operands, ownFlags),
  });
};

interface NamedEnds {
  readonly source: SourceAddress;
  readonly target: TargetAddress;
  readonly access: Access;
}

/** An embedded target that was not there before is not there after. */
async function test(
  session: Session,
  { source, target, access }: NamedEnds,
  writeSource: boolean,
  request: QuickTestRequest,
): Promise<number> {
  const { signal } = session.io;
  try {
    session.leaves(
      "nothing: what the test had made is removed again, where no note says otherwise.",
    );
    await using from = await openSource(session, source, access);
    await using to = await openPassingTarget(session, target, access);
    await using writer = writeSource ? await openWriter(source, access, signal) : null;
    const onEvent = session.event.bind(session);
    const outcome = await runQuickTest(from, to.store, writer, request, { signal, onEvent });
    session.output.result("quick-test", { quickTest: outcome }, quickTestText(outcome));
    return outcome.exit;
  } catch (error) {
    if (!signal.aborted)
      session.output.say("Not ready for the full migration; the error says why.");
    throw error;
  }
}

/** The writer is not slowed down nor interrupted: it writes some twenty records, and must be able to remove them again. */
function openWriter(
  source: SourceAddress,
  { chroma, timeoutMs }: Access,
  signal: AbortSignal,
): Promise<RecordTarget> {
  return connectRecordTarget(source, { chroma, timeoutMs, signal });
}

/** @throws E_USAGE for a folder, and for a choice among records that are not moved */
function assertWritable(
  source: SourceAddress,
  { chromadbCollections, include, exclude, where, limit, distanceMetric }: Record<string, unknown>,
): void {
  if (source.kind === "chroma-folder") {
    throw new VectorError(
      "E_USAGE",
      `--write-source writes into a running Chroma, and ${source.path} is a folder, which is never written.`,
      {
        next: "Leave --write-source out, or give chroma://host:8000 of the server over that folder.",
      },
    );
  }
  const given = [chromadbCollections, include, exclude, where, limit, distanceMetric];
  if (given.every((value) => value === undefined)) return;
  throw new VectorError(
    "E_USAGE",
    "--write-source moves records of its own; flags that choose among the source's do not go with it.",
    { next: "Leave one of the two out." },
  );
}
