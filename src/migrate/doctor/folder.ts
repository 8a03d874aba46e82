/** A Chroma folder beside its records: who wrote it, who is at it, and what a newer Chroma would do to it. */
import type { FolderLook } from "../../store/look.ts";
import type { Findings, Words } from "./finding.ts";

export function addFolderFindings(look: FolderLook, findings: Findings, words: Words): void {
  const { layout, before1, nullDocuments, openedBy, folder } = look;
  const numbers = Object.entries(layout).map(([directory, number]) => `${directory} ${number}`);
  findings.add("version", "source", {
    text: `The source is a folder of Chroma ${before1 ? "0.4 to 0.6" : "1.0 or later"} (${numbers.join(", ")}).`,
    evidence: { store: "chroma-folder", layout },
  });
  if (before1) {
    findings.add("upgrade-rewrites", "source", {
      text: "A Chroma before 1.0 wrote the folder; a newer one that opens it rewrites it for good. vecferry reads it as it is.",
      evidence: { layout },
      words,
    });
  }
  if (nullDocuments > 0) {
    findings.add("upgrade-damages", "source", {
      text: `${nullDocuments} writes without a document stand in its queue: a Chroma 1.x that opens it panics over them and answers 500 for every collection after that. vecferry reads them.`,
      evidence: { nullDocuments, layout },
      words,
    });
  }
  if (openedBy === null || openedBy.length === 0) return;
  const [pid] = openedBy;
  findings.add("folder-in-use", "source", {
    text: `${openedBy.length === 1 ? `Process ${pid} has` : `Processes ${openedBy.join(", ")} have`} ${folder}/chroma.sqlite3 open: what is written meanwhile may be seen or not.`,
    evidence: { pids: openedBy, changedAgoMs: Math.round(look.changedAgoMs) },
    words: { ...words, stop: `kill ${openedBy.join(" ")}` },
  });
}
