/** What a failure at an end means, as a finding. */
import { isVectorError, type VectorError } from "../../errors.ts";
import { errorCode } from "../../util/error-code.ts";
import type { FindingCode } from "./codes.ts";
import type { Findings, Where, Words } from "./finding.ts";

export interface FaultPlace {
  readonly end: Where;
  readonly keyed: boolean;
  readonly words: Words;
  readonly collection?: string;
}

const codes: Readonly<Record<string, FindingCode>> = {
  E_TIMEOUT: "no-answer",
  E_NOT_CHROMA: "not-chroma",
  E_NOT_QDRANT: "not-qdrant",
  E_NOT_SUPPORTED: "version-too-old",
  E_TENANT_NOT_FOUND: "tenant-not-found",
  E_NO_FOLDER: "folder-missing",
  E_FOLDER_LAYOUT: "folder-layout",
  E_FOLDER_IN_USE: "source-changing",
  E_FOLDER_TORN: "folder-damaged",
  E_RATE_LIMITED: "rate-limited",
  E_SERVER: "server-fault",
  E_BAD_RESPONSE: "server-fault",
  E_STORAGE: "target-damaged",
  E_CONFIG: "setting-wrong",
  E_USAGE: "setting-wrong",
  E_INPUT: "setting-wrong",
  E_COLLECTION_NOT_FOUND: "collection-not-found",
  E_MAPPING: "mapping-wrong",
  E_UNMAPPED: "unmapped",
  E_NAME: "name-refused",
  E_SCHEMA_CONFLICT: "schema-conflict",
};

/** Adds the finding that `error` stands for. What is no fault of an end (an interruption, a slip of ours) is thrown on. */
export function addFault(findings: Findings, error: unknown, place: FaultPlace): void {
  if (!isVectorError(error) || error.code === "E_ABORTED" || error.code === "E_INTERNAL")
    throw error;
  const { end, words, collection } = place;
  findings.add(codeOf(error, place), end, {
    ...(collection === undefined ? {} : { collection }),
    text: error.message,
    evidence: { error: error.code, ...plainDetails(error) },
    words,
  });
}

function codeOf(error: VectorError, { end, keyed }: FaultPlace): FindingCode {
  const { code, details } = error;
  if (code === "E_AUTH") return keyed ? "key-refused" : "key-missing";
  if (code === "E_UNREACHABLE") return unreachable(error);
  if (code === "E_SERVER" && details["status"] === 422) return "quota-refused";
  if (code === "E_STORAGE" && end === "source") return "folder-damaged";
  if (code === "E_FOLDER_LAYOUT" && end === "target") return "target-damaged";
  return codes[code] ?? "unforeseen";
}

const unknownHost = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME", "EAI_FAIL"]);
/** What Node calls a certificate that is not trusted, beside those that begin with CERT_. */
const certificate = /^CERT_|_CERT|LEAF_SIGNATURE|HOSTNAME_MISMATCH|ALTNAME/;

function unreachable(error: VectorError): FindingCode {
  const code = errorCode(error.cause) ?? "";
  if (unknownHost.has(code)) return "host-not-found";
  if (code === "ECONNREFUSED") return "connection-refused";
  if (certificate.test(code)) return "certificate-untrusted";
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) return "tls-not-spoken";
  return "connection-lost";
}

/** Whether the error says that the certificate is not trusted: then TLS is what is spoken there. */
export function isCertificateFault(error: unknown): boolean {
  return isVectorError(error, "E_UNREACHABLE") && unreachable(error) === "certificate-untrusted";
}

/** Numbers and short texts alone. */
function plainDetails({ details, cause }: VectorError): Record<string, unknown> {
  const entries = Object.entries(details).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value),
  );
  const code = errorCode(cause);
  return { ...Object.fromEntries(entries), ...(code === null ? {} : { cause: code }) };
}
