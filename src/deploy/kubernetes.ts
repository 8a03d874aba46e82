/** Qdrant on Kubernetes: values for its Helm chart (github.com/qdrant/qdrant-helm), and who may reach it. */
import { VectorError } from "../errors.ts";
import { type Deployment, yamlText } from "./file.ts";
import { chartVersion, qdrantImage } from "./image.ts";

export interface KubernetesRequest {
  /** `docker.io`, `ghcr.io` or an image. */
  readonly registry: string;
  readonly version: string;
  /** Of the release. */
  readonly name: string;
  /** How much memory a node may take: `4g`. */
  readonly memory: string;
  /** The disk of each node: `50Gi`; its snapshots have as much again. */
  readonly disk: string;
}

/** The values, a network policy, and what to type. @throws E_USAGE for an image or a name that the chart cannot take */
export function kubernetesDeployment(request: KubernetesRequest): Deployment {
  const { name } = request;
  if (!/^[a-z]([a-z0-9-]{0,51}[a-z0-9])?$/.test(name)) {
    throw new VectorError("E_USAGE", `No Helm release can be called ${JSON.stringify(name)}.`, {
      next: "Give a --name of lowercase letters, digits and hyphens.",
    });
  }
  const values = "qdrant-values.yaml";
  const policy = "qdrant-network-policy.yaml";
  return {
    files: [
      { name: values, text: valuesText(request) },
      { name: policy, text: policyText(name) },
    ],
    steps: [
      { what: "Make the key, unless .env has it", commands: ["vecferry deploy env"] },
      {
        what: "Hand it to the cluster",
        commands: [
          `sed -n 's/^QDRANT_API_KEY=//p' .env | tr -d '\\n' | kubectl create secret generic ${name}-api-key --from-file=api-key=/dev/stdin`,
        ],
      },
      {
        what: "Install",
        commands: [
          "helm repo add qdrant https://qdrant.github.io/qdrant-helm",
          `helm upgrade --install ${name} qdrant/qdrant --version ${chartVersion} --values ${values}`,
          `kubectl apply --filename ${policy}`,
          `kubectl rollout status statefulset/${name}`,
        ],
      },
      {
        what: "Look at it",
        commands: [
          `kubectl port-forward service/${name} 6333:6333 6334:6334`,
          "vecferry doctor http://localhost:6333",
        ],
      },
    ],
  };
}

function valuesText({ registry, version, name, memory, disk }: KubernetesRequest): string {
  const { repository, tag } = qdrantImage(registry, version);
  // The chart compares the tag as a version, to know which health check there is.
  if (!/^v?\d+\.\d+\.\d+/.test(tag)) {
    throw new VectorError(
      "E_USAGE",
      `Qdrant's chart takes a version as a tag, and ${tag} is none.`,
      {
        next: `Give the image with a version, or without a tag: --registry ${repository}.`,
      },
    );
  }
  return `${[
    "# Values for qdrant/qdrant, as `vecferry deploy k8s` writes them: three nodes, every shard on two of them.",
    `fullnameOverride: ${name}`,
    "replicaCount: 3",
    "image:",
    `  repository: ${yamlText(repository)}`,
    `  tag: ${yamlText(tag)}`,
    "config:",
    "  log_level: INFO",
    "  telemetry_disabled: true",
    "  storage:",
    "    on_disk_payload: true",
    "    # What a new collection gets unless it says otherwise.",
    "    collection:",
    "      replication_factor: 2",
    "      write_consistency_factor: 1",
    "  cluster:",
    "    enabled: true",
    "    p2p:",
    "      port: 6335",
    "      enable_tls: false",
    "# Not the chart's own apiKey, which goes without a key where the secret is missing: so a node does not start without it.",
    "env:",
    "  - name: QDRANT__SERVICE__API_KEY",
    "    valueFrom:",
    "      secretKeyRef:",
    `        name: ${name}-api-key`,
    "        key: api-key",
    "persistence:",
    `  size: ${disk}`,
    "snapshotPersistence:",
    "  enabled: true",
    `  size: ${disk}`,
    "resources:",
    "  requests:",
    `    memory: ${kubernetesMemory(memory)}`,
    "  limits:",
    `    memory: ${kubernetesMemory(memory)}`,
    "# One node on each machine where there are three, and one at a time away for maintenance.",
    "affinity:",
    "  podAntiAffinity:",
    "    preferredDuringSchedulingIgnoredDuringExecution:",
    "      - weight: 100",
    "        podAffinityTerm:",
    "          topologyKey: kubernetes.io/hostname",
    "          labelSelector:",
    "            matchLabels:",
    "              app.kubernetes.io/name: qdrant",
    `              app.kubernetes.io/instance: ${name}`,
    "podDisruptionBudget:",
    "  enabled: true",
    "  maxUnavailable: 1",
  ].join("\n")}\n`;
}

/** `4g` as Kubernetes spells it. */
function kubernetesMemory(memory: string): string {
  return memory.toUpperCase().replace(/([MG])$/, "$1i");
}

function policyText(name: string): string {
  const labels = (indent: string): string[] => [
    `${indent}app.kubernetes.io/name: qdrant`,
    `${indent}app.kubernetes.io/instance: ${name}`,
  ];
  return `${[
    "# Who reaches Qdrant, as `vecferry deploy k8s` writes it: pods with the label qdrant-client, and its own nodes.",
    "apiVersion: networking.k8s.io/v1",
    "kind: NetworkPolicy",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    "  podSelector:",
    "    matchLabels:",
    ...labels("      "),
    "  policyTypes: [Ingress]",
    "  ingress:",
    "    - from:",
    "        - podSelector:",
    "            matchLabels:",
    '              qdrant-client: "true"',
    "      ports:",
    "        - port: 6333",
    "        - port: 6334",
    "    - from:",
    "        - podSelector:",
    "            matchLabels:",
    ...labels("              "),
    "      ports:",
    "        - port: 6333",
    "        - port: 6334",
    "        - port: 6335",
  ].join("\n")}\n`;
}
