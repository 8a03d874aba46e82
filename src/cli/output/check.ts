/** What `check` prints for people. */
import type { ArchiveCheck } from "../../store/archive.ts";
import { count } from "./progress.ts";

/** Generations and faults that are listed; all of them stand in the JSON. */
const listedMax = 50;

/** Each generation, what was read, every fault, and what to do about it. */
export function checkText({
  path,
  generations,
  faults,
  unfinished,
  ...found
}: ArchiveCheck): string {
  const listed = generations
    .slice(-listedMax)
    .map(
      ({ generation, created, collections, rows }) =>
        `  generation ${generation}, begun ${created}: ${count(rows)} records in ${count(collections)} ${collections === 1 ? "collection" : "collections"}`,
    );
  const earlier = generations.length - listed.length;
  const share =
    found.filesRead === found.files
      ? `All ${count(found.files)} files were read, ${megabytes(found.bytes)}`
      : `${count(found.filesRead)} of ${count(found.files)} files were read, ${megabytes(found.bytesRead)} of ${megabytes(found.bytes)}; of the others the size was looked at`;
  const lines = [
    `${path}:`,
    ...(earlier === 0 ? [] : [`  ${count(earlier)} earlier ones`]),
    ...listed,
    `${share}.`,
  ];
  if (unfinished !== null)
    lines.push(
      `${unfinished} is being written, or was not finished: the same backup goes on with it.`,
    );
  for (const { fault } of faults.slice(0, listedMax)) lines.push(`Fault: ${fault}`);
  if (faults.length > listedMax) lines.push(`and ${count(faults.length - listedMax)} more faults`);
  return [...lines, ...verdict(faults.length)].join("\n");
}

function verdict(faults: number): string[] {
  if (faults === 0) return ["What was looked at is as it was written."];
  return [
    `The archive is damaged: ${count(faults)} ${faults === 1 ? "fault" : "faults"}.`,
    "Next: Take another copy of the archive, or make a new one from the source; a generation that needs none of the damaged files can be restored with ?generation=N.",
  ];
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en-US")} MB`;
}
