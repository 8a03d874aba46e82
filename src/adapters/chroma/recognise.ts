/** Whether a Chroma server answers at an address: its heartbeat needs no key, tenant or database. */
import { z } from "zod";
import type { Recognised, RecogniseOptions } from "../../store/look.ts";
import { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import { clockAhead } from "../../util/server-clock.ts";

const heartbeat = z.object({ "nanosecond heartbeat": z.number() });

/** See `Recogniser`. */
export async function recogniseChroma(
  url: string,
  { timeoutMs, caFile, signal }: RecogniseOptions,
): Promise<Recognised | null> {
  const http = new HttpClient({ timeoutMs, caFile });
  const get = (path: string) => http.request({ method: "GET", url: url + path, signal });
  try {
    for (const api of ["v2", "v1"] as const) {
      const askedMs = Date.now();
      const { status, headers, text } = await get(`/api/${api}/heartbeat`);
      if (status !== 200 || !heartbeat.safeParse(parseJson(text)).success) continue;
      const clockAheadMs = clockAhead(headers.date, askedMs, Date.now());
      const said = await get(`/api/${api}/version`);
      const version = z.string().safeParse(parseJson(said.text)).data ?? null;
      return { what: "chroma", version, api, clockAheadMs };
    }
    return null;
  } finally {
    http.close();
  }
}
