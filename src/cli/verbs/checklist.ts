/** `vecferry checklist before|after [SOURCE] [TARGET]`. */
import { resolve } from "node:path";
import { isVectorError } from "../../errors.ts";
import { type ChecklistContext, runChecklist } from "../../migrate/checklist/checklist.ts";
import type { Stage } from "../../migrate/checklist/lines.ts";
import { listSnapshots } from "../../migrate/snapshots/list.ts";
import { connectArchive, connectSnapshots } from "../../open.ts";
import { stores } from "../../stores.ts";
import { HttpClient } from "../../util/http.ts";
import {
  addExaminedFlags,
  type ExaminedEnds,
  reachMs,
  readExamined,
  watchMs,
} from "../examined.ts";
import { exitHelp } from "../exit.ts";
import type { TargetAddress } from "../identity.ts";
import { type Access, assertThere, openTarget } from "../open.ts";
import { checklistText, countLines, lineText } from "../output/checklist.ts";
import type { Session } from "../session.ts";
import { type FlagTable, readSettings } from "../setting.ts";
import { text } from "../values.ts";
import { type Action, type AddVerb, addGroup, onCommand } from "../verb.ts";

const checklistFlags = {
  code: {
    flag: "--code <folder>",
    help: "look through this program's code and dependencies too, as `vecferry doctor --code` does",
    schema: text,
  },
} as const satisfies FlagTable;

export const addChecklist: AddVerb = (program, call) => {
  const group = addGroup(
    program,
    call,
    "checklist",
    "what is to be true before a migration, and after it",
  );
  const stages = [
    ["before", "hold each line of the list before a migration against what is there"],
    ["after", "hold each line of the list after a migration against what is there"],
  ] as const;
  for (const [stage, summary] of stages) {
    const command = group
      .command(stage)
      .summary(summary)
      .description(
        "Prints every line as checked, with what was measured; failed, with what was found and what to type; or yours, where only a person can tell. " +
          "Changes nothing. Ends are chosen as `vecferry doctor` chooses them. Exit 6 where a line failed.",
      );
    addExaminedFlags(command, "What else is looked at:", checklistFlags);
    command.addHelpText("after", exitHelp([0, 1, 2, 6, 130]));
    onCommand(command, call, (session, operands, flags) =>
      checklist(stage, session, operands, flags),
    );
  }
};

async function checklist(
  stage: Stage,
  session: Session,
  operands: readonly string[],
  flags: Record<string, unknown>,
): ReturnType<Action> {
  const { environment, io, output } = session;
  const { code = null } = readSettings(checklistFlags, flags, environment).values;
  const words = [stage, ...operands];
  const asked = { operands, words, own: checklistFlags };
  const { ends, access, state, request } = readExamined(session, flags, asked);
  const doctor = { ...request, sampleMax: undefined };
  session.leaves("everything: nothing was changed.");
  const context = contextOf(session, ends, access, state);
  const lines = await runChecklist({ stage, doctor, code, folder: resolve(io.folder) }, context);
  let group = "";
  const said = new Set<string>();
  for (const line of lines) {
    output.result("line", line, lineText(line, line.group === group ? null : line.group, said));
    group = line.group;
  }
  const counts = countLines(lines);
  output.result("checklist", { stage, ...counts }, checklistText(counts));
  return counts.failed > 0 ? 6 : 0;
}

function contextOf(
  session: Session,
  { target }: ExaminedEnds,
  access: Access,
  state: string,
): ChecklistContext {
  const { signal, stateFolder, onEvent } = session.context(state);
  return {
    stateFolder,
    signal,
    onEvent,
    onFinding: () => undefined,
    programFolder: session.io.folder,
    looks: stores.looks,
    reachMs: access.timeoutMs ?? reachMs,
    watchMs,
    environment: session.environment,
    now: new Date(),
    isArchive: (path) => stores.archives.isAt(path),
    openArchive: (archive) => connectArchive(archive, { signal }),
    server: target?.kind === "qdrant" ? serverOf(target, access, signal) : null,
    openTarget: async () => {
      if (target === null) throw new Error("There is no target to open.");
      assertThere(target);
      return await openTarget(session, target, access);
    },
  };
}

type ServerAddress = Extract<TargetAddress, { readonly kind: "qdrant" }>;

/** What only a server is asked. */
function serverOf(
  address: ServerAddress,
  access: Access,
  signal: AbortSignal,
): NonNullable<ChecklistContext["server"]> {
  const { apiKey, caFile } = access.qdrant ?? {};
  return {
    isOpen: async () => {
      const qdrant = { caFile };
      const bare = { ...address, grpcPort: "off" } as const;
      try {
        await using _look = await stores.looks.qdrant(bare, { ...access, qdrant, signal });
        return true;
      } catch (error) {
        if (isVectorError(error, "E_AUTH")) return false;
        throw error;
      }
    },
    hasMetrics: async () => {
      const headers = apiKey === undefined ? {} : { "api-key": apiKey };
      const http = new HttpClient({ headers, timeoutMs: access.timeoutMs ?? reachMs, caFile });
      try {
        const answer = await http.request({ method: "GET", url: `${address.url}/metrics`, signal });
        return answer.status === 200 && /^# TYPE /m.test(answer.text);
      } finally {
        http.close();
      }
    },
    snapshots: async () => {
      await using store = await connectSnapshots(address, [], { ...access, signal });
      return (await listSnapshots(store, { collections: null, storage: false }, signal)).length;
    },
  };
}
