/** What a run waits for: told from the calls to both ends that are under way, and from those that will be tried again. */

export type End = "source" | "target";
const ends = ["source", "target"] as const;

/** What was long ago counts less: after so long about a third. */
const forgetMs = 2_000;
/** An end that is called for less of the time than this is not what is waited for. */
const busyFrom = 0.25;

interface EndUse {
  /** Calls under way. */
  calls: number;
  /** Calls that it bears well at once. */
  places: number;
  /** Milliseconds, fading, in which a call was under way, and the same times the part of its places that was taken. */
  busyMs: number;
  takenMs: number;
}

export interface WaitsForRetry {
  readonly end: End;
  readonly code: string;
  /** Tries that have failed. */
  readonly attempt: number;
  readonly untilMs: number;
}

export class Waiting {
  readonly #use: Record<End, EndUse> = { source: unused(), target: unused() };
  #allMs = 0;
  #atMs: number | null = null;
  #retry: WaitsForRetry | null = null;

  /** A call to an end that bears `places` at once has begun (1) or ended (-1). */
  call(end: End, change: 1 | -1, places: number, nowMs: number): void {
    this.#pass(nowMs);
    const use = this.#use[end];
    use.calls += change;
    use.places = Math.max(1, places);
  }

  /** A call failed, and is tried again at `untilMs`. */
  retry(retry: WaitsForRetry): void {
    this.#retry = retry;
  }

  /** Something has come through since the last failure. */
  moved(): void {
    this.#retry = null;
  }

  /** The call that is waited for; null where none is. */
  retryAt(nowMs: number): WaitsForRetry | null {
    return this.#retry !== null && this.#retry.untilMs > nowMs ? this.#retry : null;
  }

  /**
   * The end whose places were taken the most of late; `itself` where neither was called for much of the time: the run is busy
   * with what it has read.
   */
  end(nowMs: number): End | "itself" {
    this.#pass(nowMs);
    const { source, target } = this.#use;
    const busy = ends.filter((end) => this.#use[end].busyMs > busyFrom * this.#allMs);
    const [only, other] = busy;
    if (only === undefined) return "itself";
    if (other === undefined) return only;
    return source.takenMs > target.takenMs ? "source" : "target";
  }

  #pass(nowMs: number): void {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (passedMs <= 0) return;
    const fading = Math.exp(-passedMs / forgetMs);
    // What passed just now fades over its own length, too.
    const newMs = forgetMs * (1 - fading);
    for (const end of ends) {
      const use = this.#use[end];
      const taken = Math.min(1, use.calls / use.places);
      use.busyMs = use.busyMs * fading + (use.calls > 0 ? newMs : 0);
      use.takenMs = use.takenMs * fading + taken * newMs;
    }
    this.#allMs = this.#allMs * fading + newMs;
  }
}

function unused(): EndUse {
  return { calls: 0, places: 1, busyMs: 0, takenMs: 0 };
}
