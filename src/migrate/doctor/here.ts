/** What this machine brings: Node, the state folder, and what its journal has. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isVectorError } from "../../errors.ts";
import { quoted } from "../../util/shell-word.ts";
import { hasJournal, journalFile } from "../journal/file.ts";
import { Journal, type Migration } from "../journal/journal.ts";
import { readStatus } from "../status.ts";
import type { Findings, Words } from "./finding.ts";

/** Majors of Node that the tests run with. */
const testedNodes = [22, 24];

/** Writes nothing: a state folder that is not there is asked after by the folder that would hold it. */
export function checkHere(stateFolder: string, findings: Findings, words: Words): void {
  checkNode(findings);
  const folder = resolve(stateFolder);
  const held = nearestFolder(folder);
  try {
    accessSync(held, constants.W_OK | constants.X_OK);
  } catch {
    findings.add("state-not-writable", "here", {
      text: `The state folder ${folder} cannot be written${held === folder ? "" : `: it is to be made in ${held}`}.`,
      evidence: { folder, held },
      words,
    });
  }
  if (hasJournal(folder)) checkJournal(folder, findings, words);
}

/** The migration between two ends, as the journal has it; null where it has none, or cannot be read. */
export function knownMigration(stateFolder: string, key: string): Migration | null {
  if (!hasJournal(stateFolder)) return null;
  try {
    using journal = Journal.openToRead(stateFolder);
    return journal.find(key);
  } catch {
    // What is wrong with the journal is a finding of its own.
    return null;
  }
}

function checkNode(findings: Findings): void {
  const major = Number(process.versions.node.split(".")[0]);
  if (testedNodes.includes(major)) return;
  findings.add("node-untested", "here", {
    text: `This is Node ${process.version}; vecferry is tested with Node ${testedNodes.join(" and ")}.`,
    evidence: { node: process.version },
  });
}

/** The folder, or the nearest one above it that is there. */
function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function checkJournal(folder: string, findings: Findings, words: Words): void {
  const journal = journalFile(folder);
  const own = { ...words, journal: quoted(journal), state: quoted(folder) };
  try {
    for (const { runningPid, diedPid, source, target } of readStatus(folder).migrations) {
      const pid = runningPid ?? diedPid;
      if (pid === null) continue;
      const running = runningPid !== null;
      findings.add(running ? "migration-running" : "migration-died", "here", {
        text: `Process ${pid} ${running ? "is at work on" : "died at"} the migration ${source} -> ${target}.`,
        evidence: { pid, source, target },
        words: own,
      });
    }
  } catch (error) {
    if (!isVectorError(error)) throw error;
    const newer = error.code === "E_JOURNAL_FORMAT";
    findings.add(newer ? "journal-newer" : "journal-damaged", "here", {
      text: error.message,
      evidence: { journal, error: error.code },
      words: own,
    });
  }
}
