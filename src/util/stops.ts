/**
 * Named stops: places where a test makes this process die as `kill -9` would, and nowhere else. `VECFERRY_STOP_AT=NAME:N`
 * names the place and the pass that is the last. Without the variable nothing happens.
 */

/**
 * `after-acknowledge`: the target has acknowledged a batch, and the journal does not know it yet. `after-append`: an archive
 * has taken a batch, which need not be on the disk yet.
 */
type StopName = "after-acknowledge" | "after-append";

const [, wanted = null, pass = "1"] =
  /^([a-z-]+)(?::(\d{1,9}))?$/.exec(process.env["VECFERRY_STOP_AT"] ?? "") ?? [];
let passesLeft = Number(pass);

/** Passes a named place. */
export function passStop(name: StopName): void {
  if (name !== wanted) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, "SIGKILL");
}
