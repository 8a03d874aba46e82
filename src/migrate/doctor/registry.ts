/**
 * `doctor --registry`: whether Qdrant's image can be had from Docker Hub, and if not, why, and what can be had instead. Asks as a
 * container program does (distribution.github.io/distribution/spec/auth/token), without any login; nothing is pulled.
 */
import { isVectorError } from "../../errors.ts";
import {
  qdrantDownloads,
  qdrantImages,
  qdrantRelease,
  type Registry,
} from "../../model/releases.ts";
import { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import { Findings } from "./finding.ts";
import type { DoctorContext, Examination } from "./request.ts";

export interface RegistryContext extends Pick<DoctorContext, "onFinding" | "signal" | "reachMs"> {
  /** The base address of each registry, and of the page that the binaries are under. */
  readonly addresses: Readonly<Record<Registry | "binaries", string>>;
  /** Runs the docker that is installed, with its own login or with none, and gives its exit status; null = there is none. */
  docker(arguments_: readonly string[], login: "own" | "none"): Promise<number | null>;
}

/** Where an application would ask. */
export const registryAddresses: RegistryContext["addresses"] = {
  "docker.io": "https://registry-1.docker.io",
  "ghcr.io": "https://ghcr.io",
  binaries: qdrantDownloads(qdrantRelease),
};

/** What is answered to somebody without a login. */
interface Answer {
  readonly given: boolean;
  /** What was asked for last. */
  readonly step: "image" | "token";
  /** HTTP status; null = no answer, and `fault` says why. */
  readonly status: number | null;
  readonly fault: string | null;
}

const hub = "docker.io";
const other = "ghcr.io";
const image = `${qdrantImages[hub]}:v${qdrantRelease}`;
const binary = "qdrant-x86_64-unknown-linux-musl.tar.gz";
const manifests = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** @throws E_ABORTED; what cannot be had is a finding */
export async function examineRegistry(context: RegistryContext): Promise<Examination> {
  const findings = new Findings(context.onFinding);
  const http = new HttpClient({ timeoutMs: context.reachMs });
  try {
    await examine(http, findings, context);
  } finally {
    http.close();
  }
  return {
    findings: findings.list,
    errors: findings.count("error"),
    warnings: findings.count("warning"),
    infos: findings.count("info"),
  };
}

async function examine(
  http: HttpClient,
  findings: Findings,
  context: RegistryContext,
): Promise<void> {
  const ask = ["manifest", "inspect", image];
  const docker = await context.docker(ask, "own");
  const own = docker === null ? null : docker === 0;
  const answer = own === true ? null : await askFor(http, hub, context);
  if (answer !== null && !answer.given) {
    await addRefused(http, answer, findings, context);
    return;
  }
  if (own === false) {
    const isLogin = (await context.docker(ask, "none")) === 0;
    findings.add(isLogin ? "image-login" : "image-docker-fails", "here", {
      text: isLogin
        ? `docker gets ${image} without a login, and not with the login that it keeps.`
        : `Docker Hub gives ${image} to this machine, and docker does not get it: its proxy or its certificates are others.`,
      evidence: { image, docker },
      words: { image },
    });
    return;
  }
  findings.add("image-there", "here", {
    text: `Docker Hub gives ${image}.`,
    evidence: { image, docker },
    words: { image },
  });
}

async function addRefused(
  http: HttpClient,
  { step, status, fault }: Answer,
  findings: Findings,
  context: RegistryContext,
): Promise<void> {
  const ghcr = (await askFor(http, other, context)).given;
  const native = await isThere(http, `${context.addresses.binaries}/${binary}`, context);
  const said = (isGiven: boolean): string => (isGiven ? "it answers" : "it does not answer either");
  const choices = [
    `the other registry (vecferry deploy compose --registry ${other}; ${said(ghcr)})`,
    `Qdrant's own binary (vecferry deploy native; ${said(native)})`,
    "embedded, without a server (vecferry migrate SOURCE embedded:./qdrant_data)",
    "Qdrant Cloud (vecferry deploy cloud)",
  ];
  const why = status === null ? `no answer (${fault})` : `HTTP ${status}`;
  findings.add("image-refused", "here", {
    text: `Docker Hub gives no ${step} for ${image}: ${why}. In this order: ${choices.join(", ")}.`,
    evidence: { image, step, status, fault, [other]: ghcr, binary: native },
    words: {
      choice: ghcr
        ? `vecferry deploy compose --registry ${other}`
        : native
          ? "vecferry deploy native"
          : "vecferry migrate SOURCE embedded:./qdrant_data",
    },
  });
}

/** Asks for the image's manifest, and for the token that is wanted first. A manifest that is only asked after counts as no pull. */
async function askFor(
  http: HttpClient,
  registry: Registry,
  { addresses, signal }: RegistryContext,
): Promise<Answer> {
  const repository = qdrantImages[registry].slice(registry.length + 1);
  const url = `${addresses[registry]}/v2/${repository}/manifests/v${qdrantRelease}`;
  let step: Answer["step"] = "image";
  try {
    const headers = { accept: manifests };
    const first = await http.request({ method: "HEAD", url, headers, signal });
    const realm = first.status === 401 ? tokenUrl(first.headers["www-authenticate"], url) : null;
    if (realm === null) return { ...answered(first.status), step };
    step = "token";
    const { status, text } = await http.request({ method: "GET", url: realm, signal });
    const { token, access_token: access = token } = Object(parseJson(text));
    if (status !== 200 || typeof access !== "string")
      return { ...answered(status), given: false, step };
    step = "image";
    const authorization = `Bearer ${access}`;
    const second = await http.request({
      method: "HEAD",
      url,
      headers: { ...headers, authorization },
      signal,
    });
    return { ...answered(second.status), step };
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    return { given: false, step, status: null, fault: error.code };
  }
}

function answered(status: number): Pick<Answer, "given" | "status" | "fault"> {
  return { given: status === 200, status, fault: null };
}

/** Where a token is had: `Bearer realm="https://…",service="…",scope="…"`. Over plain HTTP none is asked for, unless the registry is. */
function tokenUrl(challenge: string | undefined, registry: string): string | null {
  const said = new Map(
    [...(challenge ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
  const realm = said.get("realm") ?? "";
  if (!URL.canParse(realm) || new URL(realm).protocol !== new URL(registry).protocol) return null;
  const url = new URL(realm);
  for (const name of ["service", "scope"]) {
    const value = said.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

async function isThere(
  http: HttpClient,
  url: string,
  { signal }: RegistryContext,
): Promise<boolean> {
  try {
    // Where it is kept is another place, which is not asked.
    return (await http.request({ method: "HEAD", url, signal })).status < 400;
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    return false;
  }
}
