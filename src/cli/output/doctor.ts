/** What `doctor` prints: a line a finding as it is made, and how many there were. */
import type { CodeExamination } from "../../migrate/doctor/code.ts";
import type { Finding } from "../../migrate/doctor/finding.ts";
import type { DoctorRequest, Examination } from "../../migrate/doctor/request.ts";

/** A finding for people: what it is about, what is wrong, what to type. */
export function findingText({ code, severity, end, collection, text, remedy }: Finding): string {
  const about = collection === null ? end : `${end}, ${JSON.stringify(collection)}`;
  const lines = [`${severity.padEnd(8)}${code} (${about})`, `        ${text}`];
  return [...lines, ...(remedy === "" ? [] : [`        > ${remedy}`])].join("\n");
}

/** The end, for people: which ends were looked at, too, for they need not have been named. */
export function examinationText(
  { errors, warnings, infos }: Examination,
  { source, target }: Pick<DoctorRequest, "source" | "target">,
): string {
  const ends = [source, target].flatMap((one) => one?.text ?? []);
  const counts = [counted(errors, "error"), counted(warnings, "warning"), `${infos} info`];
  const verdict =
    errors === 0 ? "Nothing stands in the way of a migration" : "A migration would fail";
  const looked = ends.length === 1 ? `${ends[0]} alone` : ends.join(" and ");
  return `Looked at ${looked}.\n${verdict}: ${counts.join(", ")}.`;
}

/** The end of `doctor --registry`, for people. */
export function registryText({ errors }: Examination): string {
  return errors === 0
    ? "Qdrant's image can be had from Docker Hub."
    : "Qdrant's image cannot be had from Docker Hub as it is.";
}

/** The end of `doctor --code`, for people. */
export function codeText({ findings, files }: CodeExamination): string {
  const uses = findings.filter(({ code }) => code.startsWith("code-") && code !== "code-unread");
  const inFiles = new Set(uses.map(({ evidence }) => evidence["file"])).size;
  const looked = `${counted(files, "file")} looked at`;
  if (uses.length === 0) return `Nothing here uses Chroma: ${looked}.`;
  return `${counted(uses.length, "use")} of Chroma in ${counted(inFiles, "file")}: ${looked}.`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
