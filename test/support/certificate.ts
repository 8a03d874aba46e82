/** A certificate for 127.0.0.1 that nobody known has signed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why none can be made here; null when one can. */
export const noCertificate: string | null =
  spawnSync("openssl", ["version"]).status === 0
    ? null
    : "openssl is not there to make a certificate";

export interface Certificate extends Disposable {
  readonly key: string;
  readonly cert: string;
  /** PEM file of its authority: itself. */
  readonly caFile: string;
}

export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "vecferry-tls-"));
  const [keyFile, caFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", keyFile, "-out", caFile];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  spawnSync("openssl", [...made, ...files, ...subject]);
  return {
    key: readFileSync(keyFile, "utf8"),
    cert: readFileSync(caFile, "utf8"),
    caFile,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
