import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventHook, type HookEvent, type HookOptions } from "../../../src/cli/hook.ts";
import { temporaryFolder } from "../../support/cli.ts";

const windows = process.platform === "win32";

function event(name: HookEvent["event"], exit: number | null = null): HookEvent {
  const time = "2026-11-21T10:00:00.000Z";
  const ends = { source: "chroma://a:8000", target: "http://b:6333" };
  return {
    format: 1,
    event: name,
    time,
    command: "migrate",
    run: "0123456789abcdef",
    ...ends,
    collection: exit === null ? "books" : null,
    exit,
  };
}

/** A hook whose command is a script of this Node's; `out` is the folder it may write to. */
function hookOf(
  script: string,
  options: Partial<HookOptions> = {},
): { hook: EventHook; warnings: string[] } {
  const warnings: string[] = [];
  const hook = new EventHook({
    command: `"${process.execPath}" -e "${script}"`,
    variables: process.env,
    secretVariables: [],
    redact: (text) => text.replaceAll("s3cr3tkey", "***"),
    warn: (text) => warnings.push(text),
    ...options,
  });
  return { hook, warnings };
}

const appendInput = "fs.appendFileSync(process.env.OUT, fs.readFileSync(0))";

describe("the command of --on-event", () => {
  it("is given each event as a line of JSON, one after another, without keys", async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, "out");
    const { hook, warnings } = hookOf(appendInput, { variables: { ...process.env, OUT: out } });
    hook.fire(event("throttled"));
    hook.fire({ ...event("failed", 5), message: "no s3cr3tkey here" });
    await hook.ended();
    const lines = readFileSync(out, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      event("throttled"),
      { ...event("failed", 5), message: "no *** here" },
    ]);
    expect(warnings).toEqual([]);
  });

  it("has the event in its environment, and of ours what is no key", async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, "out");
    const { hook } = hookOf(
      "fs.appendFileSync(process.env.OUT, JSON.stringify(process.env)+'\\n')",
      {
        variables: {
          ...process.env,
          OUT: out,
          KEPT: "kept",
          QDRANT_API_KEY: "short",
          PROXY: "http://user:s3cr3tkey@host",
        },
        secretVariables: ["QDRANT_API_KEY"],
      },
    );
    hook.fire(event("throttled"));
    hook.fire(event("done", 0));
    await hook.ended();
    const [first, second] = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      KEPT: "kept",
      VECFERRY_EVENT: "throttled",
      VECFERRY_COLLECTION: "books",
      VECFERRY_RUN: "0123456789abcdef",
    });
    expect(Object.keys(first)).not.toContain("VECFERRY_EXIT");
    expect(first).not.toHaveProperty("QDRANT_API_KEY");
    expect(first).not.toHaveProperty("PROXY");
    expect(second).toMatchObject({ VECFERRY_EVENT: "done", VECFERRY_EXIT: "0" });
    expect(second).not.toHaveProperty("VECFERRY_COLLECTION");
  });

  it.each([
    ["process.exit(3)", "ended with status 3 (event done)"],
    ["process.kill(process.pid,'SIGKILL')", windows ? "ended with" : "(event done)"],
  ])("may fail: %s", async (script, words) => {
    const { hook, warnings } = hookOf(script);
    hook.fire(event("done", 0));
    hook.fire(event("done", 0));
    await hook.ended();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(words);
  });

  it("may not exist", async () => {
    const { hook, warnings } = hookOf("", { command: "no-such-command-anywhere" });
    hook.fire(event("done", 0));
    await hook.ended();
    expect(warnings).toHaveLength(1);
  });

  it.skipIf(windows).each([
    ["a NUL", "a\0b", "ERR_INVALID_ARG_VALUE"],
    ["too many bytes", "x".repeat(1 << 18), "E2BIG"],
  ])(
    "is told the next event where one has %s for its environment",
    async (_what, collection, code) => {
      using folder = temporaryFolder();
      const out = join(folder.path, "out");
      const { hook, warnings } = hookOf(appendInput, { variables: { ...process.env, OUT: out } });
      hook.fire({ ...event("throttled"), collection });
      hook.fire(event("throttled"));
      await hook.ended();
      expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(event("throttled"));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`could not be started (${code})`);
    },
  );

  it("may end without having read what it is told", async () => {
    const { hook, warnings } = hookOf("process.stdin.destroy()");
    hook.fire({ ...event("done", 0), verdict: "x".repeat(1 << 20) });
    await hook.ended();
    expect(warnings).toEqual([]);
  });

  it("is killed when it hangs, with what it has started", async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, "out");
    const { hook, warnings } = hookOf("setTimeout(()=>fs.writeFileSync(process.env.OUT,''),4000)", {
      variables: { ...process.env, OUT: out },
      timeoutMs: 300,
    });
    const began = performance.now();
    hook.fire(event("done", 0));
    await hook.ended();
    expect(performance.now() - began).toBeLessThan(3500);
    expect(warnings).toEqual([
      "The command of --on-event was killed after 0.3 s (event done); the run goes on without regard to it.",
    ]);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    expect(existsSync(out)).toBe(windows);
  });

  it("is not flooded: what waits is bounded, and at the end only the end is told", async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, "out");
    const { hook, warnings } = hookOf(appendInput, { variables: { ...process.env, OUT: out } });
    for (let time = 0; time < 1000; time += 1) hook.fire(event("throttled"));
    hook.fire(event("quarantined", 3));
    hook.fire(event("done", 3));
    await hook.ended();
    const lines = readFileSync(out, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      "throttled",
      "quarantined",
      "done",
    ]);
    expect(warnings).toHaveLength(1);
  });
});
