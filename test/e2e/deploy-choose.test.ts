/** `deploy choose` at a keyboard. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mainFile } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";

const noTerminal =
  spawnSync("python3", ["-c", "import pty, fcntl, termios"]).status === 0
    ? ""
    : " (no python3 here that could open a terminal)";

function typed(...answers: string[]) {
  const script = join(projectRoot, "test/support/answer-in-pty.py");
  const words = [answers.join("\n"), process.execPath, mainFile, "deploy", "choose"];
  const { status, stdout } = spawnSync("python3", [script, ...words], {
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", NO_COLOR: "1" },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout };
}

it.skipIf(noTerminal !== "")(`asks what was not said, and recommends${noTerminal}`, () => {
  const { status, stdout } = typed("service", "200k", "always");
  expect(stdout).toContain("What searches the vectors?");
  expect(stdout).toContain("(200000, 200k or 2m)");
  expect(stdout).toContain("vecferry deploy k8s");
  expect(status).toBe(0);
});

it.skipIf(noTerminal !== "")(`says at a wrong answer which it takes${noTerminal}`, () => {
  const { status, stdout } = typed("everything", "node", "many", "2m", "nobody");
  expect(stdout).toContain("That is none of the answers: service, node, python, fixed.");
  expect(stdout).toContain("That is none of the answers: a number, as 200000, 200k or 2m.");
  expect(status).toBe(0);
});
