import { describe, expect, it } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { pickRows } from "../../../src/model/rows.ts";
import { writeHalving, writeOrFail } from "../../../src/store/halving.ts";
import { batchOf } from "../../../src/testing/target-records.ts";

const batch = batchOf(
  Array.from({ length: 37 }, (_, row) => ({ id: `${row}`, vector: [row, 1, 0] })),
);

/** A store that refuses whatever holds one of these, in its own words. */
function refusing(ids: readonly string[], details: (bad: string[]) => object = () => ({})) {
  const written: string[] = [];
  let calls = 0;
  const write = async (rows: PointBatch): Promise<void> => {
    calls += 1;
    const bad = rows.ids.filter((id) => ids.includes(id));
    if (bad.length > 0)
      throw new VectorError("E_REJECTED", "It is bad.", { details: { ...details(bad) } });
    written.push(...rows.ids);
  };
  return { write, written, calls: () => calls };
}

describe("a batch that is refused", () => {
  it("is halved until each record that is to blame is alone, and all others are written once", async () => {
    const store = refusing(["0", "17", "18", "36"]);
    const { refused } = await writeHalving(batch, store.write);
    expect(refused.map(({ id }) => id)).toEqual(["0", "17", "18", "36"]);
    expect(refused[0]).toEqual({ id: "0", tooLarge: false, detail: "It is bad." });
    expect(store.written).toEqual(batch.ids.filter((id) => !refused.some((one) => one.id === id)));
  });

  it("is written without the records that the store names", async () => {
    const store = refusing(["3", "30"], (bad) => ({
      failures: bad.map((id) => ({ id, reason: "too-large", detail: `${id} is long` })),
    }));
    const { refused } = await writeHalving(batch, store.write);
    expect(refused).toEqual([
      { id: "3", tooLarge: true, detail: "3 is long" },
      { id: "30", tooLarge: true, detail: "30 is long" },
    ]);
    expect([store.written.length, store.calls()]).toEqual([35, 2]);
  });

  it("is halved all the same where the store names records of another batch", async () => {
    const failures = [{ id: "another", reason: "rejected", detail: "" }];
    const store = refusing(["3"], () => ({ failures }));
    const { refused } = await writeHalving(batch, store.write);
    expect(refused.map(({ id }) => id)).toEqual(["3"]);
    expect(store.written).toHaveLength(36);
  });

  it("is not tried again for what is no refusal", async () => {
    const fault = new VectorError("E_UNREACHABLE", "Nobody is there.");
    let calls = 0;
    const write = async (): Promise<void> => {
      calls += 1;
      throw fault;
    };
    await expect(writeHalving(batch, write)).rejects.toBe(fault);
    expect(calls).toBe(1);
  });
});

describe("a batch of which not one record is accepted", () => {
  it("is no failure of its records", async () => {
    const { write } = refusing(batch.ids);
    await expect(writeOrFail(batch, write)).rejects.toMatchObject({ code: "E_REJECTED" });
  });

  it("is one of each record where all are too large, or where there is but one", async () => {
    const large = refusing(batch.ids, () => ({ tooLarge: true }));
    const reasons = (await writeOrFail(batch, large.write)).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(["too-large"]));
    const { write } = refusing(["0"]);
    expect(await writeOrFail(pickRows(batch, [0]), write)).toEqual([
      { id: "0", reason: "rejected", detail: "It is bad." },
    ]);
  });
});
