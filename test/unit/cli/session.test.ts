import { getEventListeners } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { runCli } from "../../../src/cli/run.ts";

it("a command that is over listens to no signal any more", async () => {
  const { signal } = new AbortController();
  const io = { variables: {}, folder: ".", stdout: new PassThrough(), stderr: new PassThrough() };
  expect(await runCli({ argv: ["--version"], ...io, signal })).toBe(0);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
