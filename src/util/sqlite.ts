/** The one place that loads node:sqlite. Node 22 warns, in every thread, that it is experimental: that one warning is left out. */
import process from "node:process";

declare module "node:sqlite" {
  /** Node has it from 22.16 on; its types say so later. */
  interface StatementSync {
    setReturnArrays(enabled: boolean): void;
  }
}

type Sqlite = typeof import("node:sqlite");

/** A database; see node:sqlite. */
export const { DatabaseSync } = loadQuietly();
export type DatabaseSync = InstanceType<Sqlite["DatabaseSync"]>;

/** Loading is synchronous, so no warning but its own can come meanwhile. */
function loadQuietly(): Sqlite {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
