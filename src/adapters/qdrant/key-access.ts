/** What a key may do at a Qdrant server, found out without writing anything. */
import { z } from "zod";
import type { WriteAccess } from "../../store/look.ts";
import type { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";

/** What only a key that may manage the server is shown: one of the two is there in every version that can be used. */
const managedPaths = ["/debugger", "/profiler/slow_requests"];

const claims = z.looseObject({
  access: z
    .union([
      z.enum(["r", "m"]),
      z.array(z.looseObject({ collection: z.string(), access: z.string() })),
    ])
    .optional(),
});

/** Where a token says what it is for, that; else whether the server shows what only a key that may write is shown. */
export async function writeAccess(
  url: string,
  apiKey: string | undefined,
  http: HttpClient,
  signal: AbortSignal | undefined,
): Promise<WriteAccess> {
  const claimed = claimedAccess(apiKey ?? "");
  if (claimed !== null) return claimed;
  for (const path of managedPaths) {
    const { status } = await http.request({ method: "GET", url: url + path, signal });
    if (status === 200) return "all";
    if (status === 403) return "none";
  }
  return null;
}

/** What a JSON Web Token claims (RFC 7519): its second part, as JSON in base64url; null where the key is none. */
function claimedAccess(key: string): WriteAccess {
  const [, payload, signature, ...more] = key.split(".");
  if (payload === undefined || signature === undefined || more.length > 0) return null;
  const text = Buffer.from(payload, "base64url").toString("utf8");
  const { data } = claims.safeParse(parseJson(text));
  if (data === undefined) return null;
  // A token that says nothing of access may do everything.
  const { access = "m" } = data;
  if (access === "r") return "none";
  if (access === "m") return "all";
  return access.filter((one) => one.access === "rw").map(({ collection }) => collection);
}
