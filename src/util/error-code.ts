/** The code that Node gives an error (ENOENT, ERR_INVALID_ARG_TYPE, …); null where there is none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}

/** The code of ours for a file that cannot be written: the disk is full, or the place is wrong. */
export function writeFaultCode(error: unknown): "E_DISK_FULL" | "E_CONFIG" {
  return errorCode(error) === "ENOSPC" ? "E_DISK_FULL" : "E_CONFIG";
}
