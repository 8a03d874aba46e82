/** The steps back to Chroma, each with its commands, in the order in which they are done. */
import path from "node:path";
import { quoted } from "../../util/shell-word.ts";
import type { Backup } from "./backups.ts";
import type { Found } from "./found.ts";

export interface Step {
  readonly title: string;
  /** Sentences: what it is for, and what to know of it. */
  readonly text: string;
  /** Lines for a POSIX shell in the installation's folder; empty = nothing of it is known here. */
  readonly commands: readonly string[];
  /** Who does it: vecferry, by the command; or the person, in whose hands it is. */
  readonly by: "vecferry" | "you";
}

/** The steps for what was found. */
export function stepsOf(found: Found): Step[] {
  return [
    stopStep(found),
    ...keepStep(found),
    ...startStep(found),
    ...checkStep(found),
    rehearseStep(found),
    runStep(found),
    environmentStep(found),
    verifyStep(found),
  ];
}

/** The command of `rollback run` for what was found. */
function runCommand(found: Found, ...flags: readonly string[]): string {
  const { qdrant, best } = found;
  const chroma = found.chroma?.address ?? "chroma://HOST:8000";
  const backup = best === null ? ["--without-backup"] : ["--backup", archiveWord(found, best)];
  const words = ["vecferry", "rollback", "run", qdrant.address, chroma, ...backup, ...flags];
  return words.map(quoted).join(" ");
}

/** An archive's address: relative where it stands in the installation's folder. */
function archiveWord({ folder }: Found, { path: whole, generation }: Backup): string {
  const relative = path.relative(folder, whole);
  const isWithin = !relative.startsWith("..") && !path.isAbsolute(relative);
  const at = generation === null ? "" : `?generation=${generation}`;
  return `archive:${isWithin ? `./${relative}` : whole}${at}`;
}

function stopStep(found: Found): Step {
  return {
    title: "Stop what writes to Qdrant",
    text: "The application, its workers, its ingestion. Reads may go on. What is written there later is not carried back.",
    commands: servicesOf(found, "application").map(
      ([file, name]) => `${compose(found, file)} stop ${quoted(name)}`,
    ),
    by: "you",
  };
}

function keepStep({ qdrant, folder }: Found): Step[] {
  if (qdrant.found === null) return [];
  return [
    {
      title: "Keep what Qdrant holds now",
      text: `An archive of its points as they are, in ${folder}: whatever happens next, nothing is lost.`,
      commands: [`vecferry backup ${quoted(qdrant.address)} archive:./qdrant-before-rollback`],
      by: "vecferry",
    },
  ];
}

function startStep(found: Found): Step[] {
  const { chroma } = found;
  if (chroma?.found) return [];
  const services = servicesOf(found, "chroma");
  const where = chroma === null ? "a Chroma" : `the Chroma at ${chroma.address}`;
  const from =
    services.length > 0 ? ` ${services.map(([file]) => file).join(" and ")} has it.` : "";
  return [
    {
      title: `Start ${where}`,
      text: `${chroma?.fault?.message ?? "No running Chroma is known."}${from}${versionText(found)}`,
      commands:
        services.length > 0
          ? services.map(([file, name]) => `${compose(found, file)} up -d ${quoted(name)}`)
          : startCommands(found),
      by: "you",
    },
  ];
}

/** A folder of Chroma's versions before 1.0 is rewritten for good by a newer one that opens it. */
function versionText({ migration }: Found): string {
  const version = migration?.sourceVersion ?? null;
  if (version === null)
    return " Use the version that it had: a newer one rewrites an older one's folder for good.";
  return ` It was version ${version} when it was migrated: use that one, for a newer one rewrites an older one's folder for good.`;
}

function startCommands({ migration, chroma }: Found): string[] {
  const version = migration?.sourceVersion ?? null;
  const folder =
    migration?.sourceKind === "chroma-folder"
      ? migration.source.replace(/^chroma-folder:/, "").replace(/\?.*$/, "")
      : "./chroma_data";
  const port = chroma === null ? "8000" : portOf(new URL(chroma.address));
  const command = `chroma run --path ${quoted(folder)} --port ${port}`;
  const known = version !== null && /^[\d.]+$/.test(version);
  return [known ? `uvx --from chromadb==${version} ${command}` : command];
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

function checkStep(found: Found): Step[] {
  const { best } = found;
  if (best === null) return [];
  return [
    {
      title: "Check the backup",
      text: "Reads every byte of it, restores it into an embedded Qdrant in a temporary folder, compares the two, and takes that away again.",
      commands: [`vecferry check ${quoted(archiveWord(found, best))} --drill`],
      by: "vecferry",
    },
  ];
}

function rehearseStep(found: Found): Step {
  const { best, migration } = found;
  const looks = `Checks ${best === null ? "" : "the backup and "}both ends`;
  const tells =
    migration === null
      ? "; without a journal it cannot tell beforehand what would be carried"
      : ", counts what was written to Qdrant since the switch, and names every record that is newer in Chroma";
  return {
    title: "See what would be done",
    text: `${looks}${tells}. Writes nothing.`,
    commands: [runCommand(found, "--dry-run")],
    by: "vecferry",
  };
}

function runStep(found: Found): Step {
  const { best, migration } = found;
  const restores =
    best === null
      ? "Carries"
      : "Checks the backup; restores from it the collections that Chroma lacks; carries";
  const carries =
    migration === null
      ? "what Qdrant holds; verifies. What differs in Chroma stays, unless --overwrite is said. "
      : "what was written to Qdrant since the switch; verifies. What is newer in Chroma is named and stays, unless --overwrite is said; " +
        "what was deleted at Qdrant stays at Chroma, unless --propagate-deletes is said. ";
  return {
    title: "Go back",
    text: `${restores} to Chroma ${carries}Interrupted, the same command goes on.`,
    commands: [runCommand(found)],
    by: "vecferry",
  };
}

function environmentStep(found: Found): Step {
  return {
    title: "Point the application at Chroma, and start it",
    text: `Set these where it reads them: ${found.environment.join(", ")}.`,
    commands: servicesOf(found, "application").map(
      ([file, name]) => `${compose(found, file)} up -d ${quoted(name)}`,
    ),
    by: "you",
  };
}

function verifyStep({ qdrant, chroma }: Found): Step {
  const to = chroma?.address ?? "chroma://HOST:8000";
  return {
    title: "Look once more, and keep Qdrant as it is",
    text: "Compares both ends record by record, before the application writes. Leave Qdrant without writers until you are sure.",
    commands: [`vecferry verify ${quoted(qdrant.address)} ${quoted(to)}`],
    by: "vecferry",
  };
}

function compose({ composeCommand }: Found, file: string): string {
  return `${composeCommand} -f ${quoted(file)}`;
}

/** The services of one role, each with its file. */
function servicesOf(
  { compose }: Found,
  role: "chroma" | "application",
): (readonly [file: string, name: string])[] {
  return compose.flatMap(({ file, services }) =>
    services.filter((one) => one.role === role).map(({ name }) => [file, name] as const),
  );
}
