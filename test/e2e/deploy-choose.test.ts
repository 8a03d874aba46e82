/** `deploy choose` at a keyboard. */
import { describe, expect, it } from "vitest";
import { inTerminal, noTerminal } from "../support/in-terminal.ts";

const typed = (...answers: string[]) =>
  inTerminal(["deploy", "choose"], { answers, env: { NO_COLOR: "1" } });

describe.skipIf(noTerminal !== null)(`in a terminal${noTerminal ? ` (${noTerminal})` : ""}`, () => {
  it("asks what was not said, and recommends", async () => {
    const { sent, exit } = await typed("service", "200k", "always");
    expect(sent).toContain("What searches the vectors?");
    expect(sent).toContain("(200000, 200k or 2m)");
    expect(sent).toContain("vecferry deploy k8s");
    expect(exit).toBe(0);
  });

  it("says at a wrong answer which it takes", async () => {
    const { sent, exit } = await typed("everything", "node", "many", "2m", "nobody");
    expect(sent).toContain("That is none of the answers: service, node, python, fixed.");
    expect(sent).toContain("That is none of the answers: a number, as 200000, 200k or 2m.");
    expect(exit).toBe(0);
  });
});
