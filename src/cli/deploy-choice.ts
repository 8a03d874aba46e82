/** The questions of `deploy choose`, asked where they were not answered. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { type Answers, keepers, questions, uses } from "../deploy/choose.ts";
import { VectorError } from "../errors.ts";
import type { Session } from "./session.ts";

/** What stands on the command line. */
export interface GivenAnswers {
  readonly use: (typeof uses)[number] | undefined;
  readonly vectors: number | undefined;
  readonly keeper: (typeof keepers)[number] | undefined;
}

/** Answers a line of input is asked for at most so often. */
const asksMax = 5;

/**
 * The three answers: as they were given, else as a person at a terminal types them.
 * @throws E_USAGE where one is missing and nobody is there to ask, or no answer fits
 */
export async function answersOf(session: Session, given: GivenAnswers): Promise<Answers> {
  const { use, vectors, keeper } = given;
  if (use !== undefined && vectors !== undefined && keeper !== undefined)
    return { use, vectors, keeper };
  if (!process.stdin.isTTY) {
    throw new VectorError("E_USAGE", "Three answers are needed, and nobody is there to ask.", {
      next: "Give all three: --use service --vectors 200000 --kept-by one-machine (--help lists the words).",
    });
  }
  const { signal, stderr } = session.io;
  const lines = createInterface({ input: process.stdin, output: stderr });
  const ask = async <Name extends keyof Answers>(
    name: Name,
    read: (line: string) => Answers[Name] | undefined,
  ): Promise<Answers[Name]> => {
    const { text, answers } = questions[name];
    stderr.write(`${text}\n`);
    for (const [word, means] of Object.entries(answers))
      stderr.write(`  ${word.padEnd(12)} ${means}\n`);
    for (let asked = 0; asked < asksMax; asked += 1) {
      const answer = read((await lines.question("> ", { signal })).trim());
      if (answer !== undefined) return answer;
      const taken = Object.keys(answers).join(", ") || "a number, as 200000, 200k or 2m";
      stderr.write(`That is none of the answers: ${taken}.\n`);
    }
    throw new VectorError("E_USAGE", `No answer fits: ${text}`);
  };
  try {
    return {
      use: use ?? (await ask("use", (line) => uses.find((word) => word === line))),
      vectors: vectors ?? (await ask("vectors", count)),
      keeper: keeper ?? (await ask("keeper", (line) => keepers.find((word) => word === line))),
    };
  } finally {
    lines.close();
  }
}

/** `200000`, `200,000`, `200k`, `2m`. */
function count(line: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d[\d,_ ]{0,18})([km]?)$/i.exec(line) ?? [];
  if (digits === "") return undefined;
  const value =
    Number(digits.replace(/[,_ ]/g, "")) * (unit === "" ? 1 : /k/i.test(unit) ? 1e3 : 1e6);
  return value >= 1 ? value : undefined;
}
