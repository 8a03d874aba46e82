import { describe, expect, it } from "vitest";
import { Roll } from "../../../src/migrate/roll.ts";

const place = (text: string): Uint8Array => Buffer.from(text.padEnd(16, "."));

describe("a roll", () => {
  it("names those that want one place, and how many places several want", () => {
    using roll = new Roll();
    const names = Array.from({ length: 450 }, (_, at) => `n${at}`);
    roll.add(0, names, (name) => place(name));
    roll.add(1, ["x", "y", "z"], (name) => place({ x: "n7", y: "n449" }[name] ?? name));
    const { places, examples } = roll.met(1);
    expect(places).toBe(2);
    expect(examples).toHaveLength(1);
    expect(examples[0]?.wanting).toEqual([
      { party: 0, name: "n449" },
      { party: 1, name: "y" },
    ]);
  });

  it("gives each party's ids in their order", () => {
    using roll = new Roll();
    const ids = Array.from({ length: 450 }, (_, at) => `id ${at}`);
    roll.add(
      0,
      ids.map((id) => `name of ${id}`),
      place,
      ids,
    );
    roll.add(1, ["other"], place, [""]);
    expect([...roll.idsOf(0, 200)].map((chunk) => chunk.length)).toEqual([200, 200, 50]);
    expect([...roll.idsOf(0, 200)].flat()).toEqual(ids);
    expect([...roll.idsOf(1, 200)].flat()).toEqual([""]);
  });
});
