/** What `deploy` says to people. */
import { basename } from "node:path";
import { type Answers, matrix, type Recommendation, traits, ways } from "../../deploy/choose.ts";
import { addedVariables, type KeyOutcome } from "../../deploy/env.ts";
import type { Deployment, DeployStep } from "../../deploy/file.ts";
import type { WrittenFile } from "../../deploy/write.ts";
import type { ConnectionTest } from "../deploy-test.ts";

/** What was written, and what is to be done with it. */
export function deployText(written: readonly WrittenFile[], steps: readonly DeployStep[]): string {
  const files = written.map(({ path, written: isNew }) =>
    isNew ? `Wrote ${path}.` : `${path} is there as it would be written.`,
  );
  return [...files, ...stepLines(steps)].join("\n");
}

/** The steps alone. */
export function stepsText(steps: readonly DeployStep[]): string {
  return stepLines(steps).join("\n");
}

function stepLines(steps: readonly DeployStep[]): string[] {
  return steps.flatMap(({ what, commands }) => [
    "",
    `${what}:`,
    ...commands.map((command) => `    ${command}`),
  ]);
}

/** The files as they are, one behind the other; where there are several, each below its name. */
export function filesText({ files }: Deployment): string {
  if (files.length === 1) return files.map(({ text }) => text).join("");
  return files.map(({ name, text }) => `# --- ${name}\n${text}`).join("\n");
}

/** A variable of Chroma's that was found. */
export interface FoundVariable {
  readonly name: string;
  /** `environment`, `.env`, or a service of a compose file. */
  readonly where: readonly string[];
  /** The variable of Qdrant that says the same; null = none is needed. */
  readonly instead: string | null;
}

/** What is found, what goes, what comes, and what became of the key; null = no key was to be made. */
export function environmentText(
  found: readonly FoundVariable[],
  present: ReadonlySet<string>,
  key: KeyOutcome | null,
): string {
  const remove = found.map(({ name, where, instead }) => {
    const by = instead === null ? "Qdrant needs none" : `${instead} in its place`;
    return `  ${name} (${where.join("; ")}): ${by}`;
  });
  const add = Object.entries(addedVariables)
    .filter(([name]) => !present.has(name))
    .map(([name, value]) => `  ${name}=${value}`);
  return [
    found.length === 0
      ? "No variable of Chroma's is set here: not in the environment, .env or a compose file."
      : "To remove once the migration is complete (until then the way back needs them):",
    ...remove,
    add.length === 0 ? "Every variable that Qdrant needs is set." : "To add:",
    ...add,
    ...(key === null
      ? ["  QDRANT_API_KEY=(a random key, which `vecferry deploy env` makes)"]
      : keyLines(key)),
  ].join("\n");
}

function keyLines({ path, done, isOpen }: KeyOutcome): string[] {
  const said = {
    made: `Made a key of 32 random bytes as QDRANT_API_KEY in ${path}, for its owner's eyes alone.`,
    added: `Added a key of 32 random bytes as QDRANT_API_KEY to ${path}, which is its owner's alone now.`,
    kept: `${path} has a QDRANT_API_KEY, which stays.`,
  };
  const open = isOpen ? [`Others can read ${path}: chmod 600 ${path}`] : [];
  return [
    said[done],
    ...open,
    `Keep it out of the repository: echo ${basename(path)} >> .gitignore`,
  ];
}

/** What answered. */
export function connectionText({ url, version, collections, grpcPort }: ConnectionTest): string {
  const grpc = grpcPort === null ? "no gRPC: REST carries everything" : `gRPC at port ${grpcPort}`;
  return `${url} answers: Qdrant ${version ?? "of an unknown version"}; the key shows ${collections} ${collections === 1 ? "collection" : "collections"}; ${grpc}.`;
}

/** The recommendation, and the matrix behind it. */
export function choiceText({ way, why }: Recommendation, answers: Answers): string {
  const { title, next } = matrix[way];
  const rows = ways.map((each) => [
    each === way ? `> ${matrix[each].title}` : `  ${matrix[each].title}`,
    ...traits.map((trait) => matrix[each][trait]),
  ]);
  return [
    `${title}. ${why}`,
    `  For: ${answers.use}, ${answers.vectors} vectors, kept by ${answers.keeper}.`,
    `  Next: ${next}`,
    "",
    ...rows.flatMap(([name = "", ...cells]) => [
      name,
      ...cells.map((cell, index) => `    ${(traits[index] ?? "").padEnd(12)} ${cell}`),
    ]),
  ].join("\n");
}
