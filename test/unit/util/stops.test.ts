import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../support/files.ts";
import { programText } from "../../support/programs.ts";

/** Passes the stop five times, and prints each pass that was survived. */
function passes(variable: string): { readonly printed: string; readonly signal: string | null } {
  const file = JSON.stringify(join(projectRoot, "src/util/stops.ts"));
  const program = `const { passStop } = await import(${file});
    for (const pass of [1, 2, 3, 4, 5]) { passStop("after-acknowledge"); process.stdout.write(String(pass)); }`;
  const { stdout, signal } = spawnSync(process.execPath, programText(program), {
    encoding: "utf8",
    env: { ...process.env, VECFERRY_STOP_AT: variable },
  });
  return { printed: stdout, signal };
}

describe.skipIf(process.platform === "win32")("a named stop", () => {
  it.each([
    ["after-acknowledge", ""],
    ["after-acknowledge:1", ""],
    ["after-acknowledge:4", "123"],
  ])("%s kills the process at that pass", (variable, printed) => {
    expect(passes(variable)).toEqual({ printed, signal: "SIGKILL" });
  });

  it.each(["", "elsewhere:1", "after-acknowledge:6", "after-acknowledge:x"])(
    "%j lets it go on",
    (variable) => {
      expect(passes(variable)).toEqual({ printed: "12345", signal: null });
    },
  );
});
