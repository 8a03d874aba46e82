/** Qdrant Cloud: the variables, and how to try them. */
import type { Deployment } from "./file.ts";

/** The file of variables and what to type. */
export function cloudDeployment(): Deployment {
  return {
    files: [{ name: "qdrant-cloud.env", text: cloudText, secret: true }],
    steps: [
      {
        what: "Make a cluster and a key at https://cloud.qdrant.io, and put both into the file",
        commands: [`\${EDITOR:-vi} qdrant-cloud.env`],
      },
      {
        what: "Try them: REST, gRPC and the key",
        commands: [
          "(set -a; . ./qdrant-cloud.env; vecferry deploy cloud --test)",
          '(set -a; . ./qdrant-cloud.env; curl --fail --header "api-key: $QDRANT_API_KEY" "$QDRANT_URL/collections")',
        ],
      },
      {
        what: "Let out what is needed: TCP to port 6333 (REST) and 6334 (gRPC) of the cluster's host",
        commands: ["sudo ufw allow out proto tcp to any port 6333,6334"],
      },
      {
        what: "Migrate",
        commands: ["(set -a; . ./qdrant-cloud.env; vecferry migrate ./chroma)"],
      },
    ],
  };
}

const cloudText = `# Qdrant Cloud, as \`vecferry deploy cloud\` writes it. Keep it out of the repository.
# The cluster's address, as its page shows it; REST answers at 6333 and gRPC at 6334, both with TLS alone.
QDRANT_URL=https://CLUSTER-ID.REGION.PROVIDER.cloud.qdrant.io:6333
QDRANT_GRPC_PORT=6334
# A key of this cluster (not one of Cloud's own API).
QDRANT_API_KEY=
`;
