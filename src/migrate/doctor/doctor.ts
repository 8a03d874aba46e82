/**
 * `doctor`: what stands in the way of a migration, at both ends and here. Reads alone: nothing is written at either end,
 * nor in the state folder. What cannot be found out at one end keeps nothing of the other away.
 */
import type { CollectionInfo } from "../../model/collection.ts";
import type { TargetLook } from "../../store/look.ts";
import type { SourceStore, StoreIdentity } from "../../store/port.ts";
import { quoted } from "../../util/shell-word.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { migrationKey, runOf } from "../plan.ts";
import type { Surveyed } from "../planning/sizing.ts";
import { collisionFindings } from "./collisions.ts";
import { dataFindings } from "./data.ts";
import {
  endWords,
  isLoopback,
  meetFolder,
  meetSource,
  meetTarget,
  sourcePlace,
  targetPlace,
} from "./ends.ts";
import { addFault, type FaultPlace } from "./fault.ts";
import { Findings, type Words } from "./finding.ts";
import { addFolderFindings } from "./folder.ts";
import { checkHere, knownMigration } from "./here.ts";
import { measuredFindings } from "./measured.ts";
import { cloudPage } from "./quotas.ts";
import type { DoctorContext, DoctorRequest, Examination, SourceEnd } from "./request.ts";
import { needsOf, roomFindings } from "./room.ts";
import { type Shaped, shapeFindings } from "./shape.ts";
import { takenFindings } from "./taken.ts";
import { accessFindings, planFindings, standingFindings } from "./target.ts";
import { Watch } from "./watch.ts";

/** @throws E_ABORTED; what is wrong with an end is a finding */
export async function runDoctor(
  request: DoctorRequest,
  context: DoctorContext,
): Promise<Examination> {
  const sharedTarget = request.shape.targetCollection !== null;
  const findings = new Findings(context.onFinding, sharedTarget);
  const examination = new Exam(request, findings, context);
  checkHere(context.stateFolder, findings, examination.words);
  await using look =
    request.target === null ? null : await meetTarget(request.target, request, findings, context);
  await using store =
    request.source === null ? null : await meetSource(request.source, request, findings, context);
  if (store !== null && request.source !== null)
    await examination.source(request.source, store, look);
  else if (look !== null) await examination.targetAlone(look);
  return {
    findings: findings.list,
    errors: findings.count("error"),
    warnings: findings.count("warning"),
    infos: findings.count("info"),
  };
}

/** One end or both, opened. */
class Exam {
  readonly words: Words;
  readonly #request: DoctorRequest;
  readonly #findings: Findings;
  readonly #context: DoctorContext;

  constructor(request: DoctorRequest, findings: Findings, context: DoctorContext) {
    const { source } = request;
    this.words = source === null ? endWords(request) : sourcePlace(source, request).words;
    this.#request = request;
    this.#findings = findings;
    this.#context = context;
  }

  async targetAlone(look: TargetLook): Promise<void> {
    const input = { look, findings: this.#findings, words: this.#targetWords() };
    accessFindings(input, []);
    standingFindings(input, null);
    await this.#measured(look, null);
  }

  /** `names` of the target collections that are measured; null = all. */
  async #measured(look: TargetLook, names: ReadonlySet<string> | null): Promise<void> {
    const words = this.#targetWords();
    const input = { look, findings: this.#findings, words };
    const full = this.#request.sampleMax === null;
    const { signal } = this.#context;
    await this.#guard({ end: "target", keyed: true, words }, () =>
      measuredFindings(input, { names, full, signal }),
    );
  }

  /** The source, and with it what is planned for the target. */
  async source(end: SourceEnd, store: SourceStore, look: TargetLook | null): Promise<void> {
    const [findings, context] = [this.#findings, this.#context];
    const folder = await meetFolder(end, context);
    if (folder !== null)
      addFolderFindings(folder, findings, { ...this.words, folder: quoted(folder.folder) });
    let targetDone = look === null;
    await this.#guard({ end: "source", keyed: end.keyed, words: this.words }, async () => {
      const found = await store.collections({ signal: context.signal });
      const watch = await Watch.begin(store, found, folder, context);
      const run = look === null ? null : this.#run(store.identity, look.identity);
      const { plans, examined } = this.#plans(store, found, look, run);
      const surveyed = await dataFindings({
        ...this.#shared(),
        source: store,
        plans: examined,
        request: this.#request,
      });
      this.#cloudRequests(store, surveyed);
      const { scope } = this.#request;
      await collisionFindings(store, plans, scope, findings, this.words, context.signal);
      targetDone = true;
      if (look !== null) await this.#target(look, store, plans, surveyed, run ?? "");
      await watch.end(end, findings, this.words);
    });
    if (!targetDone && look !== null) await this.targetAlone(look);
  }

  #shared() {
    return { findings: this.#findings, words: this.words, context: this.#context };
  }

  #run(source: StoreIdentity, target: StoreIdentity): string {
    return runOf(migrationKey(source, target));
  }

  #plans(
    store: SourceStore,
    found: readonly CollectionInfo[],
    look: TargetLook | null,
    run: string | null,
  ): Shaped {
    const { stateFolder } = this.#context;
    const key = look === null ? null : migrationKey(store.identity, look.identity);
    return shapeFindings({
      request: this.#request,
      found,
      sourceAddress: store.identity.address,
      known: key === null ? null : knownMigration(stateFolder, key),
      standing: new Map((look?.collections ?? []).map(({ info }) => [info.name, info])),
      run,
      findings: this.#findings,
      words: this.words,
    });
  }

  async #target(
    look: TargetLook,
    source: SourceStore,
    plans: readonly CollectionPlan[],
    surveyed: readonly Surveyed[],
    run: string,
  ): Promise<void> {
    const words = this.#targetWords();
    await this.#guard({ end: "target", keyed: true, words }, async () => {
      const input = {
        ...this.#shared(),
        words,
        look,
        plans,
        run,
        settings: this.#request.settings,
      };
      accessFindings(input, [...new Set(plans.map(({ target }) => target))]);
      const specs = await planFindings(input);
      await takenFindings({ ...input, source, scope: this.#request.scope }, specs);
      const inProcess = look.identity.kind !== "qdrant";
      const needs = needsOf(specs, surveyed, inProcess);
      standingFindings(input, needs);
      const { stateFolder } = this.#context;
      const local = inProcess || isLoopback(look.identity.address);
      await roomFindings({ ...input, needs, local, stateFolder });
      await this.#measured(look, new Set(needs.keys()));
    });
  }

  #cloudRequests(store: SourceStore, surveyed: readonly Surveyed[]): void {
    if (store.identity.kind !== "chroma-cloud") return;
    const records = surveyed.reduce((sum, { survey }) => sum + survey.records, 0);
    // Listed, read, and listed again.
    const requests = 3 * Math.ceil(records / cloudPage);
    this.#findings.add("cloud-requests", "source", {
      text: `Chroma Cloud answers ${cloudPage} records a request at most: ${requests} requests for ${records} records.`,
      evidence: { records, perRequest: cloudPage, requests },
      words: this.words,
    });
  }

  #targetWords(): Words {
    const { target } = this.#request;
    return target === null ? this.words : targetPlace(target, this.#request).words;
  }

  async #guard(place: FaultPlace, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      addFault(this.#findings, error, place);
    }
  }
}
