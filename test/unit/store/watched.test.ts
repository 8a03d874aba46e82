import { describe, expect, it } from "vitest";
import { watched } from "../../../src/store/watched.ts";

class Store {
  readonly #name = "kept";
  get capabilities() {
    return { concurrency: 3 };
  }
  name(): string {
    return this.#name;
  }
  async read(id: string): Promise<string> {
    await Promise.resolve();
    if (id === "bad") throw new Error("No.");
    return `${this.#name} ${id}`;
  }
  async *ids(): AsyncGenerator<string> {
    yield "a";
    yield "b";
  }
}

function counted() {
  const seen = { underWay: 0, calls: 0 };
  const store = watched(new Store(), (change) => {
    seen.underWay += change;
    if (change === 1) seen.calls += 1;
  });
  return { store, seen };
}

describe("a store that is watched", () => {
  it("tells of a call while it is under way, and of its end when it fails", async () => {
    const { store, seen } = counted();
    const reading = store.read("x");
    expect(seen.underWay).toBe(1);
    expect(await reading).toBe("kept x");
    expect(seen.underWay).toBe(0);
    await expect(store.read("bad")).rejects.toThrow("No.");
    expect(seen).toEqual({ underWay: 0, calls: 2 });
  });

  it("tells of each step of what it gives bit by bit, and not of what the caller does in between", async () => {
    const { store, seen } = counted();
    const ids: string[] = [];
    for await (const id of store.ids()) {
      expect(seen.underWay).toBe(0);
      ids.push(id);
    }
    expect(ids).toEqual(["a", "b"]);
    for await (const _ of store.ids()) break;
    expect(seen.underWay).toBe(0);
  });

  it("is the store in all else", () => {
    const { store, seen } = counted();
    expect(store.capabilities.concurrency).toBe(3);
    expect(store.name()).toBe("kept");
    expect("ids" in store).toBe(true);
    expect(seen.underWay).toBe(0);
  });
});
