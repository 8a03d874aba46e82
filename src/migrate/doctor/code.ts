/** `doctor --code`: where a program uses Chroma, as findings. */
import { quoted } from "../../util/shell-word.ts";
import { lookForChroma } from "../chroma-use/look.ts";
import { Findings } from "./finding.ts";
import type { DoctorContext, Examination } from "./request.ts";

export interface CodeExamination extends Examination {
  /** Files that were looked at. */
  readonly files: number;
}

/** @throws E_CONFIG where the folder cannot be read, E_ABORTED */
export async function examineCode(
  folder: string,
  { onFinding, signal }: Pick<DoctorContext, "onFinding" | "signal">,
): Promise<CodeExamination> {
  const findings = new Findings(onFinding);
  const { uses, files, unread } = await lookForChroma(folder, signal);
  for (const { kind, file, line, found, instead } of uses) {
    findings.add(`code-${kind}`, "here", {
      text: `${file}:${line}: ${found}`,
      evidence: { file, line, found, instead },
      words: { instead },
    });
  }
  for (const { file, fault } of unread) {
    findings.add("code-unread", "here", {
      text: `${file}: ${fault}`,
      evidence: { file },
      words: { code: quoted(folder) },
    });
  }
  return {
    findings: findings.list,
    errors: findings.count("error"),
    warnings: findings.count("warning"),
    infos: findings.count("info"),
    files,
  };
}
