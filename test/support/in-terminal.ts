/** The built command in a terminal that the system made. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { mainFile } from "./cli.ts";
import { projectRoot } from "./files.ts";

/** Why there is none here; null = there is one. */
export const noTerminal: string | null =
  spawnSync("python3", ["-c", "import pty, fcntl, termios"]).status === 0
    ? null
    : "no python3 here that could open a terminal";

interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Columns that it has once something was drawn. */
  readonly resizedTo?: number;
  /** Typed one at each prompt. */
  readonly answers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Gives what was sent to the terminal, and the exit status. */
export async function inTerminal(
  argv: readonly string[],
  { columns = 80, rows = 24, resizedTo, answers = [], env = {} }: TerminalOptions = {},
): Promise<{ sent: string; exit: number }> {
  const script = join(projectRoot, "test/support/in-pty.py");
  const terminal = [columns, rows, resizedTo ?? "-", answers.join("\n")].map(String);
  const child = spawn("python3", [script, ...terminal, process.execPath, mainFile, ...argv], {
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [sent, [exit]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { sent, exit };
}
