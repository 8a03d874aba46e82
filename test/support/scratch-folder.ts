import { onTestFinished } from "vitest";
import { temporaryFolder } from "./cli.ts";

/** An empty folder that goes when the test that asks for it is over; its path. */
export function scratchFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  return folder.path;
}
