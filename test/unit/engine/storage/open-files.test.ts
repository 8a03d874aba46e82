import { expect, it } from "vitest";
import { OpenFiles } from "../../../../src/engine/storage/open-files.ts";
import { inTurns, pause } from "../../../../src/engine/turns.ts";

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

it("amid a call others give back their database too, and never those that the call uses", () => {
  const opened = new Set<number>();
  const cached = new Set<number>();
  const files = Array.from({ length: 300 }, (_, number) => ({
    release: () => void opened.delete(number),
    shrink: () => void cached.delete(number),
  }));
  const open = new OpenFiles();
  const use = (from: number, to: number) => {
    for (let number = from; number < to; number += 1) {
      opened.add(number);
      cached.add(number);
      const file = files[number];
      if (file !== undefined) open.use(file);
    }
  };
  use(0, 64);
  let asked = false;
  const amid = () => {
    use(64, 300);
    use(1, 5);
    asked = true;
  };
  inTurns(amid, () => {
    use(0, 3);
    while (!asked) pause();
  });
  expect(opened.size).toBe(64);
  expect(cached.size).toBe(8);
  for (const used of [0, 1, 2, 3, 4, 299]) {
    expect(opened).toContain(used);
    expect(cached).toContain(used);
  }
  use(5, 69);
  expect(opened.size).toBe(64);
  for (const used of [0, 1, 2]) expect(opened).not.toContain(used);
});
