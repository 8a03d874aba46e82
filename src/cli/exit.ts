/** How a command ends: its exit status, and what it prints when it failed. */
import { isVectorError, VectorError } from "../errors.ts";
import { quoted } from "../util/shell-word.ts";
import type { Flag } from "./setting.ts";
import { flagName } from "./setting.ts";

/** Exit codes and what they mean, as every verb's help lists them. */
export const exitMeanings = {
  0: "done",
  1: "failed; trying again does not help",
  2: "usage or configuration",
  3: "done, and some records stand in quarantine",
  4: "differences were found",
  5: "temporary; the same command again goes on",
  6: "a gate refused: compare, doctor or checklist found what must not be",
  130: "interrupted, checkpoint saved",
} as const;
export type Exit = keyof typeof exitMeanings;

/** The part of a help text that lists exit codes. */
export function exitHelp(exits: readonly Exit[]): string {
  const lines = exits.map((exit) => `  ${String(exit).padEnd(5)}${exitMeanings[exit]}`);
  return `\nExit codes:\n${lines.join("\n")}\n`;
}

/** What a failed command says beside the error itself. */
export interface Aftermath {
  /** What stands now that it has failed; null where nothing was begun: a usage error, no migration. */
  readonly kept: string | null;
  /** The command that goes on. */
  readonly command: string;
  /** Files that say more. */
  readonly files: readonly string[];
}

/** Any error as one of ours: what we did not foresee is our fault, and says so. */
export function toVectorError(error: unknown): VectorError {
  if (isVectorError(error)) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new VectorError("E_INTERNAL", `Something failed that nobody had foreseen (${name}).`, {
    cause: error,
  });
}

/** A failure in words: what is wrong, what to do, what was kept, the command that goes on. */
export function failureText(error: VectorError, { kept, command, files }: Aftermath): string {
  return [
    `${error.message} [${error.code}]`,
    `  What to do:    ${error.next}`,
    ...(kept === null ? [] : [`  What was kept: ${kept}`]),
    `  To go on:      ${command}`,
    ...files.map((file) => `  See also:      ${file}`),
  ].join("\n");
}

/** A failure as data, for a JSON line. */
export function failureData(error: VectorError, aftermath: Aftermath): object {
  const { code, message, next, details, exit } = error;
  return { code, message, next, details, exit, ...aftermath };
}

/** The words of a command; where it failed since a port is taken, with a free one instead. */
export function withFreePort(argv: readonly string[], { details }: VectorError): readonly string[] {
  const flag = details["flag"];
  if (typeof flag !== "string" || !("port" in details)) return argv;
  const kept = argv.filter(
    (word, at) => word !== flag && !word.startsWith(`${flag}=`) && argv[at - 1] !== flag,
  );
  const end = kept.includes("--") ? kept.indexOf("--") : kept.length;
  return kept.toSpliced(end, 0, flag, "0");
}

/**
 * The command line to run again: as it was given, without its keys, and without `dropped` flags. Quoted for a POSIX shell.
 */
export function commandAgain(
  argv: readonly string[],
  secretFlags: readonly Flag[],
  dropped: readonly string[],
): string {
  const secrets = new Set(secretFlags.map(flagName));
  const words: string[] = [];
  let hidden = false;
  for (const word of argv) {
    if (hidden) {
      words.push("'***'");
      hidden = false;
      continue;
    }
    if (dropped.includes(word)) continue;
    const [name = ""] = word.split("=", 1);
    if (secrets.has(name)) {
      words.push(word === name ? word : `${name}='***'`);
      hidden = word === name;
    } else {
      words.push(quoted(withoutSecrets(word)));
    }
  }
  return ["vecferry", ...words].join(" ");
}

/** A word without what may be user and password, and without any parameter that addresses do not have. */
function withoutSecrets(word: string): string {
  // A where is JSON, and may hold an @ of its own.
  if (word.startsWith("{")) return word;
  return word
    .replace(/(\/\/|^|=)[^/?#]*:[^/?#]*@/, "$1***@")
    .replace(/(\/\/|[?&]host=)[^/?#]*@/, "$1***@")
    .replace(/(:\/\/.*[?&](?!tenant=|database=|grpc=|region=|host=)[^=&]*=)[^&]*/g, "$1***");
}
