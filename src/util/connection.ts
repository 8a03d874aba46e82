/** What all clients share: how faults of a connection are named, what a server asks to wait, and the file of an authority. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { VectorError } from "../errors.ts";

/** An answer that began and did not come to its end. */
export function cutError(where: string, cause?: unknown): VectorError {
  return new VectorError("E_BAD_RESPONSE", `${where}: the answer was cut short.`, {
    cause,
    details: { cut: true },
  });
}

/** Retry-After (RFC 9110, 10.2.3): whole seconds, or an HTTP date. */
export function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** The error of a silence that lasted too long. */
export function timeoutError(where: string): VectorError {
  return new VectorError("E_TIMEOUT", `${where}: nothing came for too long.`);
}

/** Node's codes for a certificate that is not trusted (OpenSSL's X509_V_ERR_… and Node's own). */
const certificateCodes = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_CHAIN_TOO_LONG",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "HOSTNAME_MISMATCH",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What a connection that could not be made, or was lost before an answer began, means. */
export function connectionError(where: string, cause: Error): VectorError {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  if (certificateCodes.has(code)) {
    const next = "Give the file of the authority that signed the server's certificate.";
    return new VectorError("E_UNREACHABLE", `${where}: the certificate is not trusted (${code}).`, {
      cause,
      retryable: false,
      next,
    });
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    const next = "Check the port, and whether the server speaks TLS at all.";
    return new VectorError(
      "E_UNREACHABLE",
      `${where}: no TLS connection could be made (${code}).`,
      { cause, retryable: false, next },
    );
  }
  if (code === "ETIMEDOUT")
    return new VectorError("E_TIMEOUT", `${where}: nothing came for too long.`, { cause });
  if (code.startsWith("HPE_"))
    return new VectorError("E_BAD_RESPONSE", `${where}: the answer is not HTTP (${code}).`, {
      cause,
    });
  return new VectorError("E_UNREACHABLE", `${where}: no connection (${code || cause.message}).`, {
    cause,
  });
}

/** The text of a PEM file. @throws E_CONFIG where it cannot be read or holds no certificate */
export function readCertificate(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    new X509Certificate(text);
    return text;
  } catch (error) {
    throw new VectorError("E_CONFIG", `No certificate could be read from ${path}.`, {
      cause: error,
    });
  }
}

/** Headers, or metadata, that can be sent. @throws E_CONFIG where one cannot */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      // Without the cause: it would print the value, which may be a key.
      throw new VectorError(
        "E_CONFIG",
        `The header ${JSON.stringify(name)} has characters that HTTP does not allow in its name or value.`,
      );
    }
  }
  return headers;
}
