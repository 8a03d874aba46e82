import { expect, it } from "vitest";
import { OpenFiles } from "../../../../src/engine/storage/open-files.ts";

it("files that others were used after give back their cache, and later their database", () => {
  const done: string[] = [];
  const files = Array.from({ length: 66 }, (_, number) => ({
    release: () => void done.push(`release ${number}`),
    shrink: () => void done.push(`shrink ${number}`),
  }));
  const open = new OpenFiles();
  for (const file of files.slice(0, 8)) open.use(file);
  for (const file of files.slice(0, 8)) open.use(file);
  expect(done).toEqual([]);
  for (const file of files.slice(8, 10)) open.use(file);
  expect(done).toEqual(["shrink 0", "shrink 1"]);
  done.length = 0;
  for (const file of files.slice(10)) open.use(file);
  expect(done.filter((each) => each.startsWith("release"))).toEqual(["release 0", "release 1"]);
  expect(done.filter((each) => each.startsWith("shrink"))).toHaveLength(56);
});
