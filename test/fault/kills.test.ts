/**
 * kill -9 at a hundred random moments of a copy and of the repair of a damaged target, on the embedded Qdrant and on a real
 * server; resumed each time by the same command. After each, the judge compares the target with the source record by record.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { faultless } from "../support/chroma-answers.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, startCli } from "../support/cli.ts";
import { type KillScene, openKillScene } from "../support/kill-scene.ts";
import { inLanes } from "../support/lanes.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

/** Kills at moments drawn evenly over the length of an undisturbed copy and of a repair, and of the writing in the repair. */
const kills = { copy: 55, repair: 24, writing: 6 } as const;
/** And exactly between the target's acknowledgement and the checkpoint, by the named stop in the code. */
const stops = 10;
const lanes = 3;
/** And while the ends are being opened, before the first phase begins. */
const openings = 5;
const records = 600;
const batches = 40;
const repairBatches = 4;
/** A run that had ended before its kill came is drawn anew, so often at most. */
const drawsMax = 20;
const windows = process.platform === "win32";

const verbs = ["migrate", "repair"] as const;
type Verb = (typeof verbs)[number];
const phase = /"type":"phase"/;
/** What moments are drawn from: the time between two things that a verb says; null = its end. */
const stretches = {
  copy: { verb: "migrate", from: phase, to: null },
  repair: { verb: "repair", from: phase, to: null },
  writing: {
    verb: "repair",
    from: /"phase":"repair"/,
    to: /"phase":"repair"[\s\S]*"type":"phase"/,
  },
} as const;
type Stretch = keyof typeof stretches;
const stretchNames = Object.keys(stretches) as Stretch[];
type Moment =
  /** From 0, where the stretch of an undisturbed run begins, to 1, where it ends. */
  | { readonly kind: "share"; readonly stretch: Stretch; readonly share: number }
  /** The same of the time until the first phase begins. */
  | { readonly kind: "opening"; readonly share: number }
  /** At so many passings of the named stop. */
  | { readonly kind: "stop"; readonly verb: Verb; readonly pass: number };

const places = [
  { name: "embedded folder", skip: false, start: () => Promise.resolve(null) },
  ...qdrantKinds.slice(1),
];

describe.skipIf(windows).each(places)("kill -9 on the $name", ({ skip, start }) => {
  let chroma: ChromaServer | null = null;
  let place: QdrantPlace | null = null;
  beforeAll(async () => {
    if (skip) return;
    if (chromaAvailable() === null) chroma = await startChroma();
    place = await start();
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await chroma?.[Symbol.asyncDispose]();
  });

  it.skipIf(skip)(
    "at a hundred moments of copy and repair, resumed each time: nothing is lost, double or left over",
    { timeout: 1_800_000 },
    async () => {
      const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
      const fell = new Map<string, number>();
      const moments = drawMoments(seededRandom(seed));
      const workers: Worker[] = [];
      for (let lane = 0; lane < lanes; lane += 1) {
        // Every other source is a server, which is listed again at the end of the copy.
        const scene = await openKillScene(records, lane % 2 === 1 ? chroma : null, place);
        workers.push(new Worker(scene, seededRandom(seed + lane)));
      }
      await inLanes(lanes, workers, (worker) => worker.measure());
      await inLanes(lanes, moments, async (moment, lane) => {
        const phase = await workers[lane]?.killAndResume(moment, seed);
        const where = moment.kind === "stop" ? betweenName : (phase ?? "");
        fell.set(where, (fell.get(where) ?? 0) + 1);
      });
      for (const { scene } of workers) await scene[Symbol.asyncDispose]();
      const told = [...fell].map(([where, times]) => `${where}: ${times}`).join(", ");
      console.log(`${moments.length} kills (SEED=${seed} repeats them) fell in ${told}`);
      expect(fell.get(betweenName)).toBeGreaterThanOrEqual(10);
      for (const phase of ["listing", "copying", "verifying", "repairing"])
        expect(fell.get(phase) ?? 0, phase).toBeGreaterThan(0);
    },
  );
});

const betweenName = "between acknowledgement and checkpoint";

/** The moments in random order: one in each equal part of the undisturbed runs, and the others. */
function drawMoments(random: () => number): Moment[] {
  const times = (count: number, draw: (at: number) => Moment) =>
    Array.from({ length: count }, (_, at) => draw(at));
  const moments = [
    ...stretchNames.flatMap((stretch) =>
      times(kills[stretch], (at) => ({
        kind: "share",
        stretch,
        share: (at + random()) / kills[stretch],
      })),
    ),
    ...times(openings, (at) => ({ kind: "opening", share: (at + random()) / openings })),
    ...times(stops, (at) => {
      const verb = at % 3 === 2 ? "repair" : "migrate";
      const most = verb === "repair" ? repairBatches : batches;
      return { kind: "stop", verb, pass: 1 + Math.floor(random() * most) };
    }),
  ];
  return moments
    .map((moment): [number, Moment] => [random(), moment])
    .sort(([one], [other]) => one - other)
    .map(([, moment]) => moment);
}

/** Kills and resumes in one scene, one after the other. */
class Worker {
  readonly scene: KillScene;
  readonly #random: () => number;
  /**
   * How long each stretch takes undisturbed, as a multiple of the time until the first phase: a machine that others keep busy
   * makes both longer.
   */
  readonly #lengths = { copy: 0, repair: 0, writing: 0 };
  /** How long that time was last. */
  #openingMs = 0;
  #copied = false;

  constructor(scene: KillScene, random: () => number) {
    this.scene = scene;
    this.#random = random;
  }

  /** Runs both verbs undisturbed. */
  async measure(): Promise<void> {
    for (const verb of verbs) {
      await this.#prepare(verb);
      this.#learn(await this.#finish(verb, "undisturbed"));
    }
  }

  /** Gives the phase that the kill fell in. */
  async killAndResume(moment: Moment, seed: number): Promise<string> {
    for (let draw = 0; draw < drawsMax; draw += 1) {
      const plan = this.#place(moment, draw === 0 ? null : this.#random());
      await this.#prepare(plan.verb);
      const run = await this.#run(plan);
      if (run.killed) {
        const where = phaseOf(run.stdout);
        await this.#finish(plan.verb, `SEED=${seed}: ${plan.verb} killed in ${where}`);
        return where;
      }
      this.#learn(run);
    }
    throw new Error(`No kill came before the end of its run in ${drawsMax} draws.`);
  }

  #place(moment: Moment, again: number | null): Plan {
    if (moment.kind === "stop") {
      const stop = { VECFERRY_STOP_AT: `after-acknowledge:${moment.pass}` };
      return { ...undisturbed(moment.verb), stop };
    }
    const share = again ?? moment.share;
    return moment.kind === "opening"
      ? { ...undisturbed("migrate"), within: "opening", share }
      : { ...undisturbed(stretches[moment.stretch].verb), within: moment.stretch, share };
  }

  /** Brings the scene to where the verb begins. */
  async #prepare(verb: Verb): Promise<void> {
    if (verb === "migrate") {
      await this.scene.clear();
      this.#copied = false;
      return;
    }
    if (!this.#copied) await this.#finish("migrate", "before a repair");
    await this.scene.damage();
  }

  /** Takes a run that nobody disturbed, from its beginning to its end, as the newest measure. */
  #learn({ openingMs, spans }: Run): void {
    this.#openingMs = openingMs;
    for (const [stretch, spanMs] of spans) this.#lengths[stretch] = spanMs / openingMs;
  }

  /** Runs the verb and kills it as planned. */
  async #run({ verb, stop, within, share }: Plan): Promise<Run> {
    const { cwd, env } = this.scene;
    const startedMs = performance.now();
    const run = startCli([...this.scene[verb], "--json"], { cwd, env: { ...env, ...stop } });
    const when = (pattern: RegExp): Promise<number> =>
      run
        .until(pattern)
        .catch(() => undefined)
        .then(() => performance.now());
    const kill = async (afterMs: number): Promise<void> => {
      await Promise.race([run.ended, sleep(afterMs)]);
      run.child.kill("SIGKILL");
    };
    const ended = run.ended.then((end) => ({ ...end, atMs: performance.now() }));
    const spans = stretchNames
      .filter((name) => stretches[name].verb === verb)
      .map(async (name): Promise<[Stretch, number]> => {
        const { from, to } = stretches[name];
        const [beginMs, endMs] = await Promise.all([
          when(from),
          to === null ? ended.then(({ atMs }) => atMs) : when(to),
        ]);
        return [name, endMs - beginMs];
      });
    if (within === "opening") await kill(share * this.#openingMs);
    const openingMs = (await when(phase)) - startedMs;
    if (within !== null && within !== "opening") {
      await when(stretches[within].from);
      await kill(share * this.#lengths[within] * openingMs);
    }
    const end = await ended;
    const killed = run.child.signalCode === "SIGKILL";
    return { ...end, killed, openingMs, spans: await Promise.all(spans) };
  }

  /** Runs the verb to its end; everything must be as after a run that nobody disturbed. */
  async #finish(verb: Verb, said: string) {
    const run = await this.#run(undisturbed(verb));
    expect(run.status, `${said}\n${run.stderr}`).toBe(0);
    this.#copied = true;
    const found = await this.scene.inspect();
    expect(found, said).toMatchObject({ ...faultless, points: records, leftOver: [] });
    return run;
  }
}

/** What to run, and at which share of what to kill it; null = never. */
interface Plan {
  readonly verb: Verb;
  readonly stop: Record<string, string>;
  readonly within: Stretch | "opening" | null;
  readonly share: number;
}

interface Run extends Ended {
  readonly killed: boolean;
  /** Until the first phase. */
  readonly openingMs: number;
  /** How long each of the verb's stretches took. */
  readonly spans: readonly (readonly [Stretch, number])[];
}

const undisturbed = (verb: Verb): Plan => ({ verb, stop: {}, within: null, share: 0 });

const phaseNames: Readonly<Record<string, string>> = {
  plan: "listing",
  list: "listing",
  relist: "listing",
  copy: "copying",
  verify: "verifying",
  "verify-source": "verifying",
  repair: "repairing",
};

/** What the command said last that it was at. */
function phaseOf(stdout: string): string {
  const lines = stdout.split("\n").slice(0, -1);
  if (lines.some((line) => line.includes('"type":"result"'))) return "ending";
  const said = lines.flatMap((line) => /"type":"phase","phase":"([^"]+)"/.exec(line)?.[1] ?? []);
  const last = said.at(-1);
  return last === undefined ? "opening" : (phaseNames[last] ?? last);
}
