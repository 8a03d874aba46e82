import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/run.ts";
import { readStatus } from "../../../src/migrate/status.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { makeFolder } from "../../support/make-folder.ts";

interface Answer {
  readonly exit: number;
  readonly said: string;
}

/** Two Chroma folders, each migrated into the same target, the second one later. */
class Place implements Disposable {
  readonly #folder = temporaryFolder();
  readonly target = `embedded:${join(this.#folder.path, "q")}`;
  readonly state = join(this.#folder.path, "state");

  async migrated(): Promise<this> {
    for (const name of ["first", "second"]) {
      makeFolder(this.source(name), { records: 5, dimension: 2, name });
      expect((await this.run("migrate", this.source(name), this.target)).exit).toBe(0);
    }
    return this;
  }

  source(name: string): string {
    return join(this.#folder.path, name);
  }

  async run(verb: string, ...args: string[]): Promise<Answer> {
    const output = new PassThrough();
    const said = text(output);
    const log = verb === "status" ? [] : ["--log-file", join(this.#folder.path, "log")];
    const exit = await runCli({
      argv: [verb, ...args, "--state", this.state, ...log],
      variables: {},
      folder: this.#folder.path,
      stdout: output,
      stderr: output,
      signal: new AbortController().signal,
    });
    output.end();
    return { exit, said: await said };
  }

  /** The state of each migration, by the folder that it reads. */
  states(): Record<string, string> {
    const { migrations } = readStatus(this.state);
    return Object.fromEntries(migrations.map((one) => [one.source.split("/").at(-1), one.state]));
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

describe("`vecferry cancel` where two migrations went to one target", () => {
  let both: Place;
  beforeEach(async () => {
    both = await new Place().migrated();
    return () => both[Symbol.dispose]();
  });

  it.each([
    ["without an address", () => []],
    ["with the target alone", () => [both.target]],
  ])("%s removes nothing and lists the command for each", async (_, args) => {
    const { exit, said } = await both.run("cancel", ...args());
    expect(said).toContain("[E_USAGE]");
    for (const name of ["first", "second"]) {
      expect(said).toContain(
        `\`vecferry cancel chroma-folder:${both.source(name)} ${both.target}\``,
      );
    }
    expect(exit).toBe(2);
    expect(both.states()).toEqual({ first: "VERIFIED", second: "VERIFIED" });
  });

  it("removes the one that is named, and said again removes no other", async () => {
    const ends = [both.source("first"), both.target];
    expect((await both.run("cancel", ...ends)).exit).toBe(0);
    expect(both.states()).toEqual({ first: "CANCELLED", second: "VERIFIED" });
    const again = await both.run("cancel", ...ends);
    expect(again.said).toContain("[E_NO_MIGRATION]");
    expect(again.exit).toBe(2);
    expect(both.states()).toEqual({ first: "CANCELLED", second: "VERIFIED" });
  });

  it("finds the only one that is left, with or without its ends, and none after it", async () => {
    expect((await both.run("cancel", both.source("second"))).exit).toBe(0);
    expect((await both.run("cancel", "--dry-run", both.target)).exit).toBe(0);
    expect((await both.run("cancel")).exit).toBe(0);
    expect(both.states()).toEqual({ first: "CANCELLED", second: "CANCELLED" });
    expect((await both.run("cancel")).said).toContain("[E_NO_MIGRATION]");
  });

  it("needs no source: a folder that is gone can be named", async () => {
    const gone = join(both.source("first"), "chroma.sqlite3");
    renameSync(gone, `${gone}.away`);
    expect((await both.run("cancel", both.source("first"), both.target)).exit).toBe(0);
    expect(both.states()).toEqual({ first: "CANCELLED", second: "VERIFIED" });
  });

  it("refuses a source that no migration reads, and addresses in the wrong order", async () => {
    mkdirSync(both.source("third"));
    const other = await both.run("cancel", both.source("third"), both.target);
    expect(other.said).toContain("[E_NO_MIGRATION]");
    const turned = await both.run("cancel", both.target, both.source("first"));
    expect(turned.said).toContain("[E_CONFIG]");
    expect(both.states()).toEqual({ first: "VERIFIED", second: "VERIFIED" });
    expect(existsSync(both.state)).toBe(true);
  });
});
