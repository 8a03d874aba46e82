/** A repository that fails as it is told to. */
import type { VectorRepository } from "../../src/index.ts";
import { VectorError } from "../../src/index.ts";

/** error = refuses before anything is done; late = does it, and then says that it timed out; silence = never answers. */
export type Fault = "none" | "error" | "late" | "silence";

export interface FaultyRepository {
  readonly repository: VectorRepository;
  fault: Fault;
  /** Names of the calls that came, with those that failed. */
  readonly calls: string[];
}

/** `repository`, whose calls fail as `fault` says. Closing it closes nothing. */
export function faultyRepository(repository: VectorRepository): FaultyRepository {
  const faulty: FaultyRepository = {
    fault: "none",
    calls: [],
    repository: new Proxy(repository, {
      get(target, name) {
        if (name === Symbol.asyncDispose) return async () => undefined;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        const method = member.bind(target);
        if (name === "scanDocuments")
          return (...given: unknown[]) => scan(faulty, () => method(...given));
        return async (...given: unknown[]) => {
          faulty.calls.push(String(name));
          const { fault } = faulty;
          await refuse(fault);
          const answer: unknown = await method(...given);
          if (fault === "late") throw new VectorError("E_TIMEOUT", "Too late.");
          return answer;
        };
      },
    }),
  };
  return faulty;
}

async function* scan(faulty: FaultyRepository, begin: () => AsyncIterable<unknown>) {
  await refuse(faulty.fault);
  yield* begin();
}

async function refuse(fault: Fault): Promise<void> {
  if (fault === "error") throw new VectorError("E_UNREACHABLE", "Nobody is there.");
  if (fault === "silence") await new Promise(() => undefined);
}
