import { describe, expect, it } from "vitest";
import { waitUntilGreen } from "../../../src/migrate/wait-green.ts";
import type { CollectionInfo } from "../../../src/model/collection.ts";
import { zooSpec } from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

/** A target whose collection says one status after another; the last one for good. */
class Colored extends FakeTarget {
  readonly #statuses: string[];
  asked = 0;

  constructor(...statuses: string[]) {
    super();
    this.#statuses = statuses;
  }

  override async collections(): Promise<CollectionInfo[]> {
    await this.ensure(zooSpec);
    const status = this.#statuses[Math.min(this.asked, this.#statuses.length - 1)] ?? null;
    this.asked += 1;
    return (await super.collections()).map((info) => ({ ...info, status }));
  }
}

const names = new Set(["zoo"]);
const { signal } = new AbortController();

describe("waiting until a target has finished indexing", () => {
  it("ends when it stays green, and not at a green that comes before the index is begun", async () => {
    const target = new Colored("green", "yellow", "green", "green");
    await waitUntilGreen(target, names, 60_000, signal);
    expect(target.asked).toBe(4);
  });

  it("ends with E_NOT_GREEN and the status when the time is up", async () => {
    await expect(waitUntilGreen(new Colored("grey"), names, 600, signal)).rejects.toMatchObject({
      code: "E_NOT_GREEN",
      message: expect.stringContaining('"zoo" is grey'),
      retryable: true,
    });
  });

  it("waits for no other collection", async () => {
    await waitUntilGreen(new Colored("red"), new Set(["ark"]), 0, signal);
  });

  it("ends soon after an abort", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const started = performance.now();
    await expect(
      waitUntilGreen(new Colored("yellow"), names, 60_000, stop.signal),
    ).rejects.toMatchObject({ code: "E_ABORTED" });
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
