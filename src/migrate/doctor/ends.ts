/** Meets each end: who answers, whether it can be opened, and what it says of itself. */
import { isVectorError } from "../../errors.ts";
import { qdrantImageName } from "../../model/releases.ts";
import { chromaCloudText } from "../../store/address.ts";
import type { FolderLook, Recognised, TargetLook } from "../../store/look.ts";
import type { SourceStore } from "../../store/port.ts";
import { quoted } from "../../util/shell-word.ts";
import { checkClients, findClients } from "./clients.ts";
import { addFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import { chromaText, type Place, reach, recognise, withPort } from "./reach.ts";
import type { DoctorContext, DoctorRequest, SourceEnd, TargetEnd } from "./request.ts";
import { checkChroma, checkQdrant } from "./versions.ts";

/** What remedies call the two ends. */
export function endWords({
  source,
  target,
  flags,
}: Pick<DoctorRequest, "source" | "target" | "flags">): Words {
  const from = source === null ? "SOURCE" : quoted(source.text);
  const to = target === null ? "TARGET" : quoted(target.text);
  return { source: from, targetWord: to, ends: `${from} ${to}${flags === "" ? "" : ` ${flags}`}` };
}

/** The source, opened; null where it cannot be, and the findings say why. */
export async function meetSource(
  end: SourceEnd,
  request: DoctorRequest,
  findings: Findings,
  context: DoctorContext,
): Promise<SourceStore | null> {
  const { address } = end;
  const place = sourcePlace(end, request);
  let met: Recognised | "somebody" | null = null;
  if (address.kind === "chroma" || address.kind === "chroma-cloud") {
    if (address.kind === "chroma-cloud" && !end.keyed) {
      const text = "No key is given for Chroma Cloud: CHROMA_API_KEY is not set.";
      findings.add("key-missing", "source", { text, words: place.words });
      return null;
    }
    met = await reach(place, findings, context);
    if (met === null) return null;
  }
  try {
    const store = await end.open();
    if (met !== null && met !== "somebody")
      checkChroma(met, store.identity.version ?? met.version, findings, place.words);
    if (address.kind === "chroma-cloud") addClosing(store, findings, place.words);
    return store;
  } catch (error) {
    addFault(findings, error, place);
    return null;
  }
}

function addClosing(store: SourceStore, findings: Findings, words: Words): void {
  const { address, tenant, database } = store.identity;
  const source = quoted(chromaCloudText({ url: address, tenant, database }));
  findings.add("cloud-closing", "source", {
    text: "Chroma Cloud takes no writes after 2026-11-22 and answers no reads after 2026-12-22: have a copy of everything first.",
    evidence: { writesEnd: "2026-11-22", readsEnd: "2026-12-22" },
    words: { ...words, source },
  });
}

/** What a Chroma folder is beside its records; null for any other source, and where it cannot be looked at. */
export async function meetFolder(
  end: SourceEnd,
  context: DoctorContext,
): Promise<FolderLook | null> {
  if (end.address.kind !== "chroma-folder") return null;
  try {
    return await context.looks.folder(end.address, context.signal);
  } catch (error) {
    // Opening it, next, fails in the same words.
    if (isVectorError(error) && error.code !== "E_ABORTED") return null;
    throw error;
  }
}

/** The target, looked at; null where it cannot be, and the findings say why. */
export async function meetTarget(
  end: TargetEnd,
  request: DoctorRequest,
  findings: Findings,
  context: DoctorContext,
): Promise<TargetLook | null> {
  const { address } = end;
  const place = targetPlace(end, request);
  const onRest = (text: string): void => {
    if (address.kind !== "qdrant" || address.grpcPort === "off") return;
    const words = place.words;
    findings.add("rest-alone", "target", { text, words });
  };
  if (address.kind === "qdrant") {
    const met = await reach(place, findings, context);
    if (met === null) return null;
    if (met !== "somebody") {
      checkQdrant(met, findings, place.words);
      if (met.version !== null)
        checkClients(await findClients(context.programFolder), met.version, findings);
    }
  }
  try {
    return await end.look(address, onRest);
  } catch (error) {
    if (address.kind !== "qdrant" || typeof address.grpcPort !== "number" || !isAboutPort(error)) {
      addFault(findings, error, place);
      return null;
    }
    await addPort(place, address.grpcPort, error, findings, context);
  }
  // Everything else can be found out by REST.
  try {
    return await end.look({ ...address, grpcPort: "off" }, () => undefined);
  } catch (error) {
    addFault(findings, error, place);
    return null;
  }
}

/** A fault of the gRPC port that was named says which port it is. */
function isAboutPort(error: unknown): error is Error {
  return isVectorError(error) && typeof error.details["port"] === "number";
}

async function addPort(
  place: Place,
  port: number,
  error: Error,
  findings: Findings,
  context: DoctorContext,
): Promise<void> {
  const at = withPort(place.url, port);
  const rest = await recognise(place, at, "qdrant", context).catch(() => null);
  const evidence = { port, answers: rest?.what ?? null };
  const doctor = place.doctorAt(place.url);
  if (rest === null) {
    const words = { ...place.words, doctor };
    findings.add("grpc-port-wrong", "target", { text: error.message, evidence, words });
    return;
  }
  findings.add("rest-port-as-grpc", "target", {
    text: `Port ${port} was named for gRPC, and it is a REST port.`,
    evidence,
    words: { ...place.words, doctor, port: String(Number(new URL(place.url).port) + 1) },
  });
}

/** Where the source is, and what remedies call it. */
export function sourcePlace(end: SourceEnd, request: DoctorRequest): Place {
  const { address } = end;
  const other = request.target === null ? "" : ` ${quoted(request.target.text)}`;
  const url = "url" in address ? address.url : "";
  const cloud = address.kind === "chroma-cloud";
  const doctorAt = (at: string): string =>
    `vecferry doctor ${cloud ? quoted(end.text) : chromaText(at) + scopeOf(end)}${other}`;
  const folder = "path" in address ? quoted(address.path) : undefined;
  return {
    end: "source",
    url,
    caFile: end.caFile,
    keyed: end.keyed,
    doctorAt,
    words: {
      ...endWords(request),
      ...hostWords(url),
      folder,
      root: cloud ? "chroma-cloud:/" : chromaText(url),
      doctor: doctorAt(url),
      caFlag: "--chromadb-ca-file",
      keyFlag: `${doctorAt(url)} --chromadb-token-file`,
      start: "chroma run --path ./chroma --host {host} --port {port}"
        .replace("{host}", host(url))
        .replace("{port}", portOf(url)),
      upgrade: "vecferry doctor PATH-OF-THE-SERVERS-FOLDER",
    },
  };
}

/** Tenant and database of a server's address, as they are typed. */
function scopeOf({ address }: SourceEnd): string {
  if (address.kind !== "chroma") return "";
  const parts = [address.tenant, address.database].filter((part) => part !== null);
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

/** Where the target is, and what remedies call it. */
export function targetPlace(
  end: TargetEnd,
  request: Pick<DoctorRequest, "source" | "target" | "flags">,
): Place {
  const { address } = end;
  const other = request.source === null ? "" : `${quoted(request.source.text)} `;
  const url = address.kind === "qdrant" ? address.url : "";
  const doctorAt = (at: string): string =>
    `vecferry doctor ${other}${quoted(at === "" ? end.text : at)}`;
  const ports = `-p ${portOf(url)}:6333 -p ${Number(portOf(url)) + 1}:6334`;
  return {
    end: "target",
    url,
    caFile: end.caFile,
    keyed: end.keyed,
    doctorAt,
    words: {
      ...endWords(request),
      ...hostWords(url),
      chroma: chromaText(url),
      doctor: doctorAt(url),
      caFlag: "--qdrant-ca-file",
      keyFlag: `${doctorAt(url)} --qdrant-api-key-file`,
      start: isLoopback(url)
        ? `docker run ${ports} ${qdrantImageName}`
        : `ssh ${host(url)} docker run ${ports} ${qdrantImageName}`,
      upgrade: `docker pull ${qdrantImageName}`,
    },
  };
}

function hostWords(url: string): Words {
  return url === "" ? {} : { url, host: host(url) };
}

function host(url: string): string {
  return url === "" ? "HOST" : new URL(url).hostname;
}

function portOf(url: string): string {
  const { port = "", protocol = "" } = url === "" ? {} : new URL(url);
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}

/** Whether a server at this address is on this machine. */
export function isLoopback(url: string): boolean {
  return url !== "" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
