/** `vecferry doctor [SOURCE] [TARGET]`. */
import { VectorError } from "../../errors.ts";
import { examineCode } from "../../migrate/doctor/code.ts";
import { runDoctor } from "../../migrate/doctor/doctor.ts";
import { examineRegistry, registryAddresses } from "../../migrate/doctor/registry.ts";
import type { DoctorContext, Examination } from "../../migrate/doctor/request.ts";
import { parseAddress } from "../../store/address.ts";
import { stores } from "../../stores.ts";
import { runDocker } from "../docker.ts";
import { patienceFlags } from "../end-flags.ts";
import { addExaminedFlags, reachMs, readExamined, watchMs } from "../examined.ts";
import { exitHelp } from "../exit.ts";
import { codeText, examinationText, findingText, registryText } from "../output/doctor.ts";
import type { Session } from "../session.ts";
import { type FlagTable, readSettings } from "../setting.ts";
import { oneOf, onOff, text, wholeNumber } from "../values.ts";
import { type Action, type AddVerb, onCommand } from "../verb.ts";

const doctorFlags = {
  sourceOnly: { flag: "--source-only", help: "leave the target out", schema: onOff },
  targetOnly: { flag: "--target-only", help: "leave the source out", schema: onOff },
  full: {
    flag: "--full",
    help: "look at every record, also where the source is a server (a folder is always looked at as a whole)",
    schema: onOff,
  },
  sample: {
    flag: "--sample <records>",
    help: "look at no more than the first so many records of each collection",
    schema: wholeNumber(1, 1_000_000_000),
  },
  code: {
    flag: "--code <folder>",
    help: "instead of any end: where the TypeScript, JavaScript and Python code, the dependencies, compose and env files of a program use Chroma, and what takes its place; a Qdrant server's address beside it: whether the program's client of Qdrant fits it",
    schema: text,
  },
  registry: {
    flag: "--registry",
    help: "instead of any end: whether Qdrant's image can be had from Docker Hub, and what else can be; asks Docker Hub, ghcr.io and GitHub over the network, without any login, and the docker that is installed; nothing is pulled",
    schema: onOff,
  },
  failOn: {
    flag: "--fail-on <severity>",
    help: "exit 6 where there is a finding of this severity or a graver one: warning or error; default: exit 0 whatever is found",
    schema: oneOf(["warning", "error"]),
  },
} as const satisfies FlagTable;

export const addDoctor: AddVerb = (program, call) => {
  const command = program
    .command("doctor")
    .summary("find what stands in the way of a migration, and say what to do about it")
    .description(
      "Examines both ends and this machine, and changes nothing anywhere. Each finding has a code, a severity, its evidence, " +
        "and what to type. One address alone: that end is examined. None, and nothing named by flags or variables: the " +
        "ends of the newest migration, else the servers at localhost.",
    );
  addExaminedFlags(command, "What is examined, and how it ends:", doctorFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 6, 130]));
  onCommand(command, call, doctor);
};

const doctor: Action = async (session, operands, flags) => {
  const { environment, output } = session;
  const asked = readSettings(doctorFlags, flags, environment).values;
  if (asked.registry) return await registryAlone(session, operands, flags);
  if (asked.code !== undefined) return await codeAlone(session, operands, flags, asked.code);
  const { failOn, full, sample, sourceOnly = false, targetOnly = false } = asked;
  const together = [
    [full && sample !== undefined, "--full looks at every record, --sample at some of them."],
    [sourceOnly && targetOnly, "--source-only leaves the target out, --target-only the source."],
  ] as const;
  const fault = together.find(([broken]) => broken);
  if (fault !== undefined)
    throw new VectorError("E_USAGE", fault[1], { next: "Leave one of the two out." });
  const { access, state, request } = readExamined(session, flags, {
    operands,
    own: doctorFlags,
    only: { sourceOnly, targetOnly },
  });
  const { signal, onEvent, stateFolder } = session.context(state);
  const context: DoctorContext = {
    stateFolder,
    programFolder: session.io.folder,
    looks: stores.looks,
    reachMs: access.timeoutMs ?? reachMs,
    watchMs,
    signal,
    onEvent,
    onFinding: (finding) => output.result("finding", finding, findingText(finding)),
  };
  const sampleMax = full ? null : sample;
  const examination = await runDoctor({ ...request, sampleMax }, context);
  return end(session, examination, failOn, examinationText(examination, request));
};

/** A program's code, and the server that it is to speak to. */
async function codeAlone(
  session: Session,
  operands: readonly string[],
  flags: Record<string, unknown>,
  folder: string,
): Promise<number> {
  const { environment, output, io } = session;
  const { failOn, ...asked } = readSettings(doctorFlags, flags, environment).values;
  const { full, sample, sourceOnly, targetOnly } = asked;
  const [server, ...more] = operands.map(parseAddress);
  const isServer = server === undefined || server.kind === "qdrant";
  if (!isServer || more.length > 0 || full || sample !== undefined || sourceOnly || targetOnly) {
    throw new VectorError(
      "E_USAGE",
      "--code looks at a program's code, and at the Qdrant server that it is to speak to.",
      { next: "Leave out the other addresses and what belongs to them, or --code." },
    );
  }
  const only = { sourceOnly: false, targetOnly: true };
  // Without a server, what the program's own variables say of one may be anything.
  const examined =
    server === undefined
      ? null
      : readExamined(session, flags, { operands, own: doctorFlags, only });
  const nothing = { source: null, target: null, flags: "" };
  const examination = await examineCode(folder, examined?.request ?? nothing, {
    signal: io.signal,
    looks: stores.looks,
    reachMs: examined?.access.timeoutMs ?? reachMs,
    onFinding: (finding) => output.result("finding", finding, findingText(finding)),
  });
  return end(session, examination, failOn, codeText(examination));
}

/** Where Qdrant's image can be had, and no end. */
async function registryAlone(
  session: Session,
  operands: readonly string[],
  flags: Record<string, unknown>,
): Promise<number> {
  const { environment, output, io } = session;
  const { failOn, registry, ...others } = readSettings(doctorFlags, flags, environment).values;
  if (operands.length > 0 || Object.values(others).some((value) => value !== undefined)) {
    throw new VectorError("E_USAGE", "--registry asks after Qdrant's image, and looks at no end.", {
      next: "Leave out the addresses and what belongs to them, or --registry.",
    });
  }
  const examination = await examineRegistry({
    addresses: registryAddresses,
    docker: (asked, login) => runDocker(asked, login, io.signal),
    reachMs: readSettings(patienceFlags, flags, environment).values.timeoutMs ?? reachMs,
    signal: io.signal,
    onFinding: (finding) => output.result("finding", finding, findingText(finding)),
  });
  return end(session, examination, failOn, registryText(examination));
}

function end(
  { output }: Session,
  { errors, warnings, infos }: Examination,
  failOn: "warning" | "error" | undefined,
  words: string,
): number {
  const failed = failOn !== undefined && errors + (failOn === "warning" ? warnings : 0) > 0;
  output.result("doctor", { errors, warnings, infos, failOn: failOn ?? null, failed }, words);
  return failed ? 6 : 0;
}
