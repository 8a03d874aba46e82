import { describe, expect, it } from "vitest";
import type { PointPage, QdrantApi, ScrollColumns } from "../../../../src/adapters/qdrant/api.ts";
import { retrieveAll, scanPages } from "../../../../src/adapters/qdrant/paging.ts";
import { VectorError } from "../../../../src/errors.ts";
import { wantedAlone } from "../../../support/vector-columns.ts";

const mebibyte = 1024 * 1024;
const options = { payload: true, vectors: [], rowsMax: 5000 };

interface Asked {
  readonly limits: number[];
  api: QdrantApi;
}

/** A collection of points 0, 1, 2, … whose payloads have these lengths; answers above `bytesMax` are too large. */
function collection(lengths: readonly number[], bytesMax = Number.POSITIVE_INFINITY): Asked {
  const asked: Asked = { limits: [], api: undefined as never };
  const page = (rows: readonly number[]): PointPage => {
    const payloads = rows.map((row) => "x".repeat(lengths[row] ?? 0));
    if (payloads.join("").length > bytesMax)
      throw new VectorError("E_BAD_RESPONSE", "too large", { details: { tooLarge: true } });
    return { points: rows.map(String), vectors: new Map(), payloads, next: null };
  };
  const rowsFrom = (start: number, limit: number) =>
    lengths.map((_, row) => row).slice(start, start + limit);
  const calls: Pick<QdrantApi, "scroll" | "retrieve"> = {
    scroll: async (_name: string, { limit, from }: ScrollColumns) => {
      asked.limits.push(limit);
      const start = Number(from ?? 0);
      const next = start + limit < lengths.length ? String(start + limit) : null;
      return { ...page(rowsFrom(start, limit)), next };
    },
    retrieve: async (_name: string, points: readonly string[]) => {
      asked.limits.push(points.length);
      return page(points.map(Number));
    },
  };
  asked.api = calls as QdrantApi;
  return asked;
}

async function scanned(api: QdrantApi): Promise<string[]> {
  const points: string[] = [];
  for await (const page of scanPages(api, "a", options)) points.push(...page.points);
  return points;
}

const names = (count: number) => Array.from({ length: count }, (_, row) => String(row));

describe("scanPages", () => {
  it("begins small, grows, and stops at the bound of rows", async () => {
    const { api, limits } = collection(Array(20_000).fill(10));
    expect(await scanned(api)).toEqual(names(20_000));
    expect(limits).toEqual([64, 512, 4096, 5000, 5000, 5000, 5000]);
  });

  it("aims at pages of 4 MiB", async () => {
    const { api, limits } = collection(Array(200).fill(mebibyte));
    expect(await scanned(api)).toEqual(names(200));
    expect(limits.slice(1).every((limit) => limit <= 8)).toBe(true);
  });

  it("asks by half for a page that is too large, and loses no point", async () => {
    const lengths = [...Array(64).fill(10), ...Array(64).fill(mebibyte), ...Array(1000).fill(10)];
    const { api } = collection(lengths, 8 * mebibyte);
    expect(await scanned(api)).toEqual(names(lengths.length));
  });

  it("fails where a single point is too large", async () => {
    const { api } = collection([10, 1000, 10], 100);
    await expect(scanned(api)).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
  });

  it("ends with the last point that is wanted, and asks for no page behind it", async () => {
    const uuid = (row: number) => `${String(row).padStart(8, "0")}-0000-4000-8000-000000000000`;
    const { api } = collection(Array(20_000).fill(10));
    const begins: number[] = [];
    const scroll: QdrantApi["scroll"] = async (name, options) => {
      begins.push(Number(options.from?.slice(0, 8) ?? 0));
      const page = await api.scroll(name, { ...options, from: String(begins.at(-1)) });
      const next = page.next === null ? null : uuid(Number(page.next));
      if (next !== null) options.onNext?.(next);
      return { ...page, points: page.points.map((point) => uuid(Number(point))), next };
    };
    for (const last of [0, 62, 63, 64, 127, 128, 5000]) {
      begins.length = 0;
      const points: string[] = [];
      const wanted = { ...options, to: uuid(last) };
      for await (const page of scanPages({ scroll } as QdrantApi, "a", wanted))
        points.push(...page.points);
      expect(points).toEqual(Array.from({ length: last + 1 }, (_, row) => uuid(row)));
      expect(begins.filter((begin) => begin > last)).toEqual([]);
    }
  });

  it("asks for the next page while the caller has this one, and for one only", async () => {
    const { api, limits } = collection(Array(10_000).fill(10));
    const pages = scanPages(api, "a", options);
    await pages.next();
    expect(limits).toHaveLength(2);
    await pages.return(undefined);
    expect(limits).toHaveLength(2);
  });

  describe("on a road that tells early where the next page begins", () => {
    /** As `api`, and told before the answer; the first time it is told `wrong`, as by an answer that was garbled further on. */
    function early({ api }: Asked, wrong?: string): Asked {
      const asked: Asked = { limits: [], api: undefined as never };
      let garbled = wrong;
      const scroll: QdrantApi["scroll"] = async (name, options) => {
        asked.limits.push(options.limit);
        const page = await api.scroll(name, options);
        if (page.next !== null) options.onNext?.(garbled ?? page.next);
        garbled = undefined;
        await new Promise((settle) => setImmediate(settle));
        return page;
      };
      asked.api = { scroll } as QdrantApi;
      return asked;
    }

    it("asks for two pages more than the caller has taken, and no further", async () => {
      const { api, limits } = early(collection(Array(40_000).fill(10)));
      const pages = scanPages(api, "a", options);
      await pages.next();
      await new Promise((settle) => setTimeout(settle, 20));
      expect(limits).toHaveLength(3);
      await pages.return(undefined);
      expect(limits).toHaveLength(3);
    });

    it("reads every point once, in order", async () => {
      const { api } = early(collection(Array(20_000).fill(10)));
      expect(await scanned(api)).toEqual(names(20_000));
    });

    it("asks again where what it was told is not what the page says", async () => {
      const { api } = early(collection(Array(20_000).fill(10)), "7777");
      expect(await scanned(api)).toEqual(names(20_000));
    });
  });
});

describe("retrieveAll", () => {
  it("asks by half for an answer that is too large", async () => {
    const { api, limits } = collection(Array(10).fill(10), 50);
    const { points } = await retrieveAll(api, "a", names(10), options);
    expect(points).toEqual(names(10));
    expect(limits).toEqual([10, 5, 5]);
  });

  it("bounds each answer by the dimension", async () => {
    const { api, limits } = collection(Array(3000).fill(1));
    await retrieveAll(api, "a", names(3000), { ...options, vectors: wantedAlone(1536) });
    expect(limits.length).toBeGreaterThan(5);
    expect(Math.max(...limits) * 1536 * 12).toBeLessThan(9 * mebibyte);
  });
});
