import { closeSync, copyFileSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { logFault } from "../../../../src/engine/storage/log-fault.ts";
import { openDatabase } from "../../../../src/engine/storage/sqlite.ts";
import type { DatabaseSync } from "../../../../src/util/sqlite.ts";
import { scratchFolder } from "../../../support/scratch-folder.ts";

/** Of the log: its head, and a frame's head with its page. */
const headBytes = 32;
const frameBytes = 24 + 8192;

const opened: DatabaseSync[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
});

function open(path: string): DatabaseSync {
  const database = openDatabase(path);
  opened.push(database);
  return database;
}

/** The files of a database as a power cut leaves them. */
function cutOff(path: string): string {
  const copy = join(scratchFolder(), "cut.sqlite");
  for (const end of ["", "-wal"]) copyFileSync(path + end, copy + end);
  return copy;
}

/** Changes bytes of the frame of that number, counted from 0, in the log. */
function tear(path: string, frame: number): void {
  const file = openSync(`${path}-wal`, "r+");
  writeSync(file, "torn", headBytes + frame * frameBytes + 100);
  closeSync(file);
}

/** A database with a table, and so many commits behind that. */
function filled(commits: number): { path: string } {
  const path = join(scratchFolder(), "whole.sqlite");
  const database = open(path);
  database.exec("CREATE TABLE numbers (n INTEGER PRIMARY KEY)");
  for (let n = 0; n < commits; n += 1) database.exec(`INSERT INTO numbers VALUES (${n})`);
  return { path };
}

describe("a log", () => {
  it("with a torn frame and whole commits behind it is damaged", () => {
    const { path } = filled(6);
    const cut = cutOff(path);
    expect(logFault(cut)).toBe(null);
    tear(cut, 3);
    expect(logFault(cut)).toBe("its log does not fit its checksums");
  });

  it("whose end was torn by a power cut, and after it another, is whole", () => {
    const { path } = filled(8);
    const once = cutOff(path);
    // All from the fourth frame on was under way, and only some of it had come to the disk.
    tear(once, 3);
    const again = open(once);
    again.exec("INSERT INTO numbers VALUES (100)");
    const twice = cutOff(once);
    tear(twice, 3);
    tear(twice, 0);
    expect(logFault(twice)).toBe(null);
  });
});
