import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { SnapshotFiles } from "../../../../src/engine/storage/snapshot-files.ts";
import { scratchFolder } from "../../../support/scratch-folder.ts";

/** Renamings, and what was synced, in their order. */
const calls = vi.hoisted(() => [] as string[]);
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const paths = new Map<number, string>();
  return {
    ...fs,
    openSync: (path: string, ...rest: [string]) => {
      const file = fs.openSync(path, ...rest);
      paths.set(file, path);
      return file;
    },
    renameSync: (from: string, to: string) => {
      calls.push(`rename ${to}`);
      fs.renameSync(from, to);
    },
    fsyncSync: (file: number) => {
      calls.push(`sync ${paths.get(file)}`);
      fs.fsyncSync(file);
    },
  };
});

it("a snapshot's name is on the disk before it is told of, whether made or uploaded", () => {
  const root = scratchFolder();
  const files = new SnapshotFiles(root);
  const { name } = files.make("ants", (path) => {
    writeFileSync(path, "made");
    return "checksum";
  });
  const folder = join(root, "ants");
  expect(calls.slice(-2)).toEqual([`rename ${join(folder, name)}`, `sync ${folder}`]);
  const uploaded = join(root, ".uploaded.partial");
  writeFileSync(uploaded, "uploaded");
  files.adopt("ants", uploaded, "other.snapshot");
  expect(calls.slice(-2)).toEqual([`rename ${join(folder, "other.snapshot")}`, `sync ${folder}`]);
});

it("collections whose names differ by their case alone have folders that differ by more", () => {
  const root = scratchFolder();
  const files = new SnapshotFiles(root);
  for (const collection of ["ants", "Ants", "aNTS", "\u00c9", "%C3%89"])
    files.make(collection, (path) => {
      writeFileSync(path, collection);
      return "checksum";
    });
  const folders = readdirSync(root);
  expect(folders).toContain("ants");
  expect(new Set(folders.map((folder) => folder.toLowerCase())).size).toBe(5);
  for (const collection of ["ants", "Ants"]) {
    const [made] = files.list(collection);
    expect(existsSync(files.find(collection, made?.name ?? ""))).toBe(true);
  }
});
