/** `vecferry deploy compose | podman | native | dockerfile | cloud | k8s | env | choose`. */
import { resolve } from "node:path";
import { matrix, recommend } from "../../deploy/choose.ts";
import { cloudDeployment } from "../../deploy/cloud.ts";
import { type ComposeRequest, composeDeployment } from "../../deploy/compose.ts";
import { type DockerfileRequest, dockerfileDeployment } from "../../deploy/dockerfile.ts";
import { addedVariables, keepKey } from "../../deploy/env.ts";
import type { Deployment } from "../../deploy/file.ts";
import { type KubernetesRequest, kubernetesDeployment } from "../../deploy/kubernetes.ts";
import { type NativeRequest, nativeDeployment } from "../../deploy/native.ts";
import { type PodmanRequest, podmanDeployment } from "../../deploy/podman.ts";
import { writeDeployment } from "../../deploy/write.ts";
import { VectorError } from "../../errors.ts";
import { readComposeFiles } from "../../migrate/rollback/compose.ts";
import { chromaVariables, variableInstead } from "../../model/chroma-variables.ts";
import { qdrantRelease } from "../../model/releases.ts";
import { readEnds } from "../access.ts";
import { answersOf } from "../deploy-choice.ts";
import {
  chooseFlags,
  cloudFlags,
  composeFlags,
  deployFileFlags,
  dockerfileFlags,
  environmentFlags,
  kubernetesFlags,
  nativeFlags,
  podmanFlags,
} from "../deploy-flags.ts";
import { testConnection } from "../deploy-test.ts";
import { patienceFlags, qdrantFlags } from "../end-flags.ts";
import { targetEnd } from "../ends.ts";
import { type Exit, exitHelp } from "../exit.ts";
import { outputFlags } from "../flags.ts";
import {
  choiceText,
  connectionText,
  deployText,
  environmentText,
  type FoundVariable,
  filesText,
  stepsText,
} from "../output/deploy.ts";
import type { Session } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { type Action, type AddVerb, addGroup, onCommand } from "../verb.ts";

type Flags = Readonly<Record<string, unknown>>;

/** What is taken where no flag says otherwise. */
const usual = {
  registry: "docker.io",
  version: qdrantRelease,
  name: "qdrant",
  memory: "4g",
  allowFrom: "10.0.0.0/8",
};

const fileExits: readonly Exit[] = [0, 1, 2];

export const addDeploy: AddVerb = (program, call) => {
  const group = addGroup(program, call, "deploy", "write the files that set a Qdrant up");
  for (const { name, summary, description, tables, exits, action } of subs) {
    const command = group.command(name).summary(summary).description(description);
    for (const [title, table] of Object.entries(tables)) addFlags(command, title, table);
    addFlags(command, "What it says:", outputFlags);
    command.addHelpText("after", exitHelp(exits));
    onCommand(command, call, action);
  }
};

/** Writes a deployment, or prints it, and says what to do with it. */
function deploy(name: string, build: (session: Session, flags: Flags) => Deployment): Action {
  return async (session, _operands, flags) => {
    const {
      to = ".",
      stdout,
      force = false,
    } = readSettings(deployFileFlags, flags, session.environment).values;
    session.leaves("everything: nothing was written.");
    if (stdout && (force || flags["to"] !== undefined)) {
      throw new VectorError("E_USAGE", "--stdout writes no file for --to or --force.", {
        next: "Leave one of the two away.",
      });
    }
    const deployment = build(session, flags);
    const { files, steps } = deployment;
    const { output, io } = session;
    if (stdout) {
      io.stderr.write(`${stepsText(steps)}\n`);
      output.result("deploy", { deployment: name, files, steps }, filesText(deployment).trimEnd());
      return 0;
    }
    const written = writeDeployment(resolve(io.folder, to), files, force);
    output.result("deploy", { deployment: name, written, steps }, deployText(written, steps));
    return 0;
  };
}

/** `given` over `base`. */
function over<Base extends object>(
  base: Base,
  given: { readonly [Name in keyof Base]?: Base[Name] | undefined },
): Base;
function over(base: object, given: object): object {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(said) };
}

const compose = deploy("compose", (session, flags) => {
  const asked = readSettings(composeFlags, flags, session.environment).values;
  return composeDeployment(
    over<ComposeRequest>({ ...usual, network: null, withChroma: false }, asked),
  );
});

const podman = deploy("podman", (session, flags) => {
  const asked = readSettings(podmanFlags, flags, session.environment).values;
  return podmanDeployment(over<PodmanRequest>({ ...usual, network: null }, asked));
});

const native = deploy("native", (session, flags) => {
  const asked = readSettings(nativeFlags, flags, session.environment).values;
  return nativeDeployment(
    over<NativeRequest>({ ...usual, host: "127.0.0.1", data: "/var/lib/qdrant" }, asked),
  );
});

const dockerfile = deploy("dockerfile", (session, flags) =>
  dockerfileDeployment(
    over<DockerfileRequest>(
      usual,
      readSettings(dockerfileFlags, flags, session.environment).values,
    ),
  ),
);

const kubernetes = deploy("k8s", (session, flags) =>
  kubernetesDeployment(
    over<KubernetesRequest>(
      { ...usual, disk: "50Gi" },
      readSettings(kubernetesFlags, flags, session.environment).values,
    ),
  ),
);

const cloudFiles = deploy("cloud", cloudDeployment);

const cloud: Action = async (session, operands, flags) => {
  const { test } = readSettings(cloudFlags, flags, session.environment).values;
  if (!test) return await cloudFiles(session, operands, flags);
  session.leaves("everything: nothing was written.");
  const ends = readEnds(session, { ...flags });
  const { address, fallback } = targetEnd(undefined, ends.qdrant);
  if (address.kind !== "qdrant" || fallback) {
    throw new VectorError("E_USAGE", "No cluster is named.", {
      next: "Set QDRANT_URL and QDRANT_API_KEY, as qdrant-cloud.env has them, or give --qdrant-url.",
    });
  }
  const found = await testConnection(session, address, ends.access());
  session.output.result("connection", found, connectionText(found));
  return 0;
};

const environment: Action = async (session, _operands, flags) => {
  const { io, output } = session;
  const asked = readSettings(environmentFlags, flags, session.environment).values;
  const { file = ".env", stdout = false, force = false } = asked;
  const found = findVariables(session);
  const present = new Set(
    Object.keys(addedVariables).filter((name) => session.environment(name) !== undefined),
  );
  session.leaves("every file, as it was.");
  const path = resolve(io.folder, file);
  const tell = (key: ReturnType<typeof keepKey> | null): void =>
    output.result(
      "deploy-env",
      { found, add: addedVariables, key },
      environmentText(found, present, key),
    );
  if (stdout) {
    tell(null);
    return 0;
  }
  try {
    tell(keepKey(path, force));
  } catch (error) {
    tell(null);
    throw error;
  }
  return 0;
};

/** Chroma's variables that are set in the environment, in `.env`, and in compose files. */
function findVariables(session: Session): FoundVariable[] {
  const files = readComposeFiles(resolve(session.io.folder), new Set(chromaVariables));
  return chromaVariables.flatMap((name) => {
    const own = session.environment(name);
    const there = files.flatMap(({ file, services }) =>
      services
        .filter(({ variables }) => name in variables)
        .map((service) => `${file}, service ${service.name}`),
    );
    const where = [...(own === undefined ? [] : [own.from]), ...there];
    return where.length === 0 ? [] : [{ name, where, instead: variableInstead(name) }];
  });
}

const choose: Action = async (session, _operands, flags) => {
  const given = readSettings(chooseFlags, flags, session.environment).values;
  session.leaves("everything: nothing was written.");
  const answers = await answersOf(session, given);
  const recommendation = recommend(answers);
  const { title, next } = matrix[recommendation.way];
  const data = { answers, ...recommendation, title, next, matrix };
  session.output.result("choice", data, choiceText(recommendation, answers));
  return 0;
};

interface Sub {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly tables: Readonly<Record<string, FlagTable>>;
  readonly exits: readonly Exit[];
  readonly action: Action;
}

const files = { "The files:": deployFileFlags };

const subs: readonly Sub[] = [
  {
    name: "compose",
    summary: "a compose file",
    description:
      "Writes compose.yaml: Qdrant with a key, a health check that works in its image, volumes and a memory limit.",
    tables: { "Qdrant:": composeFlags, ...files },
    exits: fileExits,
    action: compose,
  },
  {
    name: "podman",
    summary: "a quadlet for Podman",
    description:
      "Writes a quadlet: Qdrant as a service of systemd that Podman runs, with its volumes.",
    tables: { "Qdrant:": podmanFlags, ...files },
    exits: fileExits,
    action: podman,
  },
  {
    name: "native",
    summary: "Qdrant's own binary",
    description:
      "Writes config.yaml and a unit of systemd, and says where the binary is downloaded for Linux, macOS and Windows.",
    tables: { "Qdrant:": nativeFlags, ...files },
    exits: fileExits,
    action: native,
  },
  {
    name: "dockerfile",
    summary: "an image from Qdrant's source",
    description:
      "Writes a Dockerfile that builds Qdrant from its source, with the Rust that this version wants.",
    tables: { "Qdrant:": dockerfileFlags, ...files },
    exits: fileExits,
    action: dockerfile,
  },
  {
    name: "cloud",
    summary: "Qdrant Cloud's variables, and a connection test",
    description:
      "Writes the variables for Qdrant Cloud. With --test it tries them instead: the address, the key, gRPC.",
    tables: {
      "What it does:": cloudFlags,
      ...files,
      "Qdrant, for --test:": { ...qdrantFlags, ...patienceFlags },
    },
    exits: [0, 1, 2, 5, 130],
    action: cloud,
  },
  {
    name: "k8s",
    summary: "values for Qdrant's Helm chart",
    description:
      "Writes the values of a cluster of three nodes with every shard on two of them, and a network policy.",
    tables: { "Qdrant:": kubernetesFlags, ...files },
    exits: fileExits,
    action: kubernetes,
  },
  {
    name: "env",
    summary: "the application's variables, and a key",
    description:
      "Shows which variables of Chroma's are set, what goes and what comes in their place, and makes a random key of 32 bytes in .env (0600). The key is never printed.",
    tables: { "What it does:": environmentFlags },
    exits: fileExits,
    action: environment,
  },
  {
    name: "choose",
    summary: "which way suits you",
    description: "Asks three questions and recommends a way, with a matrix of what each is like.",
    tables: { "The answers (asked for, where one is not given):": chooseFlags },
    exits: [0, 2, 130],
    action: choose,
  },
];
