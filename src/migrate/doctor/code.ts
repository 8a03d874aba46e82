/** `doctor --code`: where a program uses Chroma, as findings. */
import { quoted } from "../../util/shell-word.ts";
import { lookForChroma } from "../chroma-use/look.ts";
import { checkClients, findClients } from "./clients.ts";
import { targetPlace } from "./ends.ts";
import { Findings } from "./finding.ts";
import { reach } from "./reach.ts";
import type { DoctorContext, DoctorRequest, Examination } from "./request.ts";

export type CodeContext = Pick<DoctorContext, "onFinding" | "signal" | "looks" | "reachMs">;

export interface CodeExamination extends Examination {
  /** Files that were looked at. */
  readonly files: number;
}

/**
 * `request.target` is the server that the program is to speak to: its version is held against that of the program's client. null = none.
 * @throws E_CONFIG where the folder cannot be read, E_ABORTED
 */
export async function examineCode(
  folder: string,
  request: Pick<DoctorRequest, "source" | "target" | "flags">,
  context: CodeContext,
): Promise<CodeExamination> {
  const { onFinding, signal } = context;
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
  const { target } = request;
  if (target !== null) {
    const met = await reach(targetPlace(target, request), findings, context);
    if (met !== null && met !== "somebody" && met.version !== null)
      checkClients(await findClients(folder), met.version, findings);
  }
  return {
    findings: findings.list,
    errors: findings.count("error"),
    warnings: findings.count("warning"),
    infos: findings.count("info"),
    files,
  };
}
