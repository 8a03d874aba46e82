/** The lines after a migration. */
import { keys } from "./before.ts";
import { type Facts, faulty, many, shortened, size, type TargetFacts, unseen } from "./facts.ts";
import { checked, failed, type Judged, type LineOf, yours } from "./lines.ts";

type Judge = (facts: Facts) => Judged;

/** A judgement by what is known of the target; what is not known says why. */
function byTarget(judge: (target: TargetFacts, facts: Facts) => Judged): Judge {
  return (facts) => (facts.target === null ? unseen(facts, "target") : judge(facts.target, facts));
}

/** The same of a target that holds something: one without a collection is none that a migration has ended at. */
function byContents(judge: (target: TargetFacts, facts: Facts) => Judged): Judge {
  return byTarget((target, facts) =>
    target.collections.length === 0
      ? failed("No collection stands at the target.")
      : judge(target, facts),
  );
}

export const after: Readonly<Record<LineOf<"after">, Judge>> = {
  search: byContents(search),
  isolation: byContents(({ tenants }) => {
    if (tenants === null) return yours("Its tenants could not be looked at.");
    return tenants.exit === 0 ? checked(tenants.verdict) : failed(tenants.verdict);
  }),
  performance: byContents(performance),
  monitoring: byTarget(({ metrics }) =>
    metrics === true
      ? yours(
          "The Qdrant's /metrics answers; whether somebody collects it cannot be seen from here.",
        )
      : yours(),
  ),
  health: byTarget(health),
  resources: byTarget(resources),
  backups: byTarget(({ identity, snapshots }, { backups }) => {
    const own = backups.find(
      (one) => one.state === "whole" && one.source?.includes(identity.address),
    );
    const found = [
      ...(own === undefined ? [] : [`${own.path}, of ${own.created}, every byte read.`]),
      ...(snapshots === null || snapshots === 0
        ? []
        : [`${many(snapshots, "snapshot")} at the Qdrant.`]),
    ];
    return found.length > 0
      ? checked(...found)
      : yours("No archive of this target stands here, and no snapshot at it.");
  }),
  metrics: byTarget(({ metrics }) => {
    if (metrics === null)
      return yours("No server: the program that holds the folder tells its figures.");
    return metrics
      ? checked("/metrics answers with figures.")
      : failed("/metrics does not answer with figures.");
  }),
  alerts: () => yours(),
  documentation: ({ migration }) =>
    migration?.report == null
      ? yours()
      : yours(`The report of the migration: ${migration.report}.`),
  tuning: byContents((target, facts) => {
    const fault = faulty(facts, [
      "indexing-off",
      "graph-off",
      "tenant-unindexed",
      "strict-unindexed",
    ]);
    return (
      fault ?? checked(`Nothing slows down its ${many(target.collections.length, "collection")}.`)
    );
  }),
  capacity: byContents(capacity),
  security: byTarget((target, facts) => {
    const { state, evidence } = keys(facts);
    const isServer = target.identity.kind === "qdrant";
    const bare = isServer && !target.tls && !target.local;
    if (bare) return failed("The key and the data go over the network without TLS.", ...evidence);
    return state === "failed" ? failed(...evidence) : yours(...evidence);
  }),
  training: () => yours(),
  "clean-up": ({ code }) =>
    code === null
      ? yours()
      : yours(`${many(code.uses.length, "use")} of Chroma in ${many(code.files, "file")}.`),
};

function search({ searches }: TargetFacts, { migration }: Facts): Judged {
  if (searches === null) return yours("Nothing could be searched.");
  const faults = searches.found.flatMap(({ name, faults }) =>
    faults.map((fault) => `${JSON.stringify(name)}: ${fault}`),
  );
  const differ = (migration?.collections ?? []).filter(
    ({ differences }) => Object.keys(differences).length > 0,
  );
  const unequal = differ.map(
    ({ name }) => `The newest verify found differences in ${JSON.stringify(name)}.`,
  );
  if (faults.length + unequal.length > 0) return failed(...shortened([...faults, ...unequal]));
  const count = searches.ms.length;
  if (count === 0) return yours("There is no vector to search by.");
  const verified =
    migration?.state === "VERIFIED" ? [`The migration was verified (${migration.updatedAt}).`] : [];
  return checked(
    `${many(count, "search", "searches")} in ${many(searches.found.length, "collection")}, each by the vector of a point: all found it.`,
    ...verified,
  );
}

function performance({ searches }: TargetFacts, facts: Facts): Judged {
  const fault = faulty(facts, ["indexing-off", "graph-off", "tenant-unindexed", "not-green"]);
  if (fault !== null) return fault;
  if (searches === null || searches.ms.length === 0) return yours("Nothing could be searched.");
  const at = (share: number): string =>
    (searches.ms[Math.ceil(share * searches.ms.length) - 1] ?? 0).toFixed(1);
  return checked(
    `Of ${many(searches.ms.length, "search", "searches")}, one after another: half within ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms.`,
  );
}

function health({ collections, identity }: TargetFacts, facts: Facts): Judged {
  const fault = faulty(facts, ["optimizer-fault", "not-green", "target-damaged", "server-fault"]);
  if (fault !== null) return fault;
  const green = collections.filter(({ info }) => info.status === "green").length;
  return checked(
    `${identity.version === null ? "It" : `Qdrant ${identity.version}`} answers; ${many(collections.length, "collection")}, ${green} of them green.`,
  );
}

/** What a server may take of its machine before it is said to be short. */
const shareMax = 0.8;

function resources({ residentBytes, ramBytes, identity }: TargetFacts, facts: Facts): Judged {
  const fault = faulty(facts, ["disk-short", "ram-short"]);
  if (fault !== null) return fault;
  if (identity.kind !== "qdrant") {
    const { freeBytes, folder } = facts.disk;
    return freeBytes === null ? yours() : checked(`${size(freeBytes)} of disk free at ${folder}.`);
  }
  if (residentBytes === null || ramBytes === null)
    return yours("The Qdrant does not tell its memory.");
  const words = `The Qdrant takes ${size(residentBytes)} of ${size(ramBytes)} of memory.`;
  return residentBytes > shareMax * ramBytes ? failed(words) : checked(words);
}

function capacity({ residentBytes, ramBytes, collections }: TargetFacts): Judged {
  const points = collections.reduce((sum, { info }) => sum + (info.count ?? 0), 0);
  if (residentBytes === null || ramBytes === null || points === 0)
    return yours(`${many(points, "point")} there now.`);
  const words = `${many(points, "point")} in ${size(residentBytes)} of ${size(ramBytes)}: room for about ${Math.floor(ramBytes / residentBytes)} times as many.`;
  return residentBytes > shareMax * ramBytes ? failed(words) : checked(words);
}
