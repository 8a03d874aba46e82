/** Who answers at a server's address: before it is opened, without a key, and without waiting long. */
import { isVectorError } from "../../errors.ts";
import type { Recognised } from "../../store/look.ts";
import { quoted } from "../../util/shell-word.ts";
import { addFault, isCertificateFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import type { DoctorContext } from "./request.ts";

export interface Place {
  readonly end: "source" | "target";
  /** `http(s)://host:port`. */
  readonly url: string;
  readonly caFile: string | undefined;
  readonly keyed: boolean;
  readonly words: Words;
  /** The command that looks at this end at another address. */
  doctorAt(url: string): string;
}

type What = Recognised["what"];

export type ReachContext = Pick<DoctorContext, "looks" | "reachMs" | "signal">;

/** Asks for the software that belongs there; where another answers, or nobody, the finding says so. null = it need not be opened. */
export async function reach(
  place: Place,
  findings: Findings,
  context: ReachContext,
): Promise<Recognised | "somebody" | null> {
  const expected = place.end === "source" ? "chroma" : "qdrant";
  try {
    const found = await recognise(place, place.url, expected, context);
    if (found !== null) return found;
  } catch (error) {
    const code = isVectorError(error) ? error.code : null;
    if (code !== "E_UNREACHABLE" && code !== "E_BAD_RESPONSE") {
      addFault(findings, error, place);
      return null;
    }
    if (await addStranger(place, findings, context)) return null;
    addFault(findings, error, place);
    return null;
  }
  // Somebody answers who is not known by his greeting: a proxy that wants a key first, or a stranger.
  return (await addStranger(place, findings, context)) ? null : "somebody";
}

/** Whether the finding could be made: another store answers, or TLS is spoken where it is not expected, or the reverse. */
async function addStranger(
  place: Place,
  findings: Findings,
  context: ReachContext,
): Promise<boolean> {
  const { end, url, words } = place;
  const expected: What = end === "source" ? "chroma" : "qdrant";
  const others: readonly What[] =
    end === "source" ? ["qdrant", "qdrant-grpc"] : ["chroma", "qdrant-grpc"];
  for (const what of others) {
    const found = await recognise(place, url, what, context).catch(() => null);
    if (found === null) continue;
    await addOther(place, found, findings, context);
    return true;
  }
  const flipped = url.startsWith("https:")
    ? url.replace("https:", "http:")
    : url.replace("http:", "https:");
  const spoken = await recognise(place, flipped, expected, context).then(
    (found) => found !== null,
    (error: unknown) => isCertificateFault(error),
  );
  if (!spoken) return false;
  const wanted = flipped.startsWith("https:");
  findings.add(wanted ? "tls-wanted" : "tls-not-spoken", end, {
    text: wanted
      ? `The server at ${url} speaks TLS, and the address does not say so.`
      : `The server at ${url} does not speak TLS, and the address says it does.`,
    evidence: { address: url, answers: flipped },
    words: { ...words, doctor: place.doctorAt(flipped) },
  });
  return true;
}

async function addOther(
  place: Place,
  found: Recognised,
  findings: Findings,
  context: ReachContext,
): Promise<void> {
  const { end, url, words } = place;
  const evidence = { address: url, answers: found.what, version: found.version };
  const version = found.version === null ? "" : ` ${found.version}`;
  if (end === "target" && found.what === "chroma") {
    const text = `What answers at ${url} is a Chroma${version}; a target is a Qdrant.`;
    findings.add("is-chroma", end, { text, evidence, words });
    return;
  }
  const port = found.what === "qdrant-grpc" ? " (its gRPC port)" : "";
  if (end === "source") {
    const text = `What answers at ${url} is a Qdrant${version}${port}; a source is a Chroma.`;
    const target = port === "" ? url : ((await restBeside(place, context)) ?? url);
    findings.add("is-qdrant", end, { text, evidence, words: { ...words, url: target } });
    return;
  }
  const rest = await restBeside(place, context);
  findings.add("grpc-port-as-rest", end, {
    text: `${url} is the gRPC port of a Qdrant${version}; the address names the REST port${rest === null ? "" : `, which is ${rest}`}.`,
    evidence: { ...evidence, rest },
    words: { ...words, doctor: place.doctorAt(rest ?? withPort(url, 6333)) },
  });
}

/** The REST address of the same server, where the port before the gRPC port answers so; any other may be another's. */
async function restBeside(place: Place, context: ReachContext): Promise<string | null> {
  const url = withPort(place.url, Number(new URL(place.url).port) - 1);
  const found = await recognise(place, url, "qdrant", context).catch(() => null);
  return found === null ? null : url;
}

export function withPort(url: string, port: number): string {
  const { protocol, hostname } = new URL(url);
  return `${protocol}//${hostname}:${port}`;
}

/** @throws as `Recogniser` */
export function recognise(
  { caFile }: Pick<Place, "caFile">,
  url: string,
  what: What,
  { looks, reachMs, signal }: ReachContext,
): Promise<Recognised | null> {
  return looks.recognisers[what](url, { timeoutMs: reachMs, caFile, signal });
}

/** The address of a Chroma server as it is typed. */
export function chromaText(url: string): string {
  return quoted(url.replace(/^http/, "chroma"));
}
