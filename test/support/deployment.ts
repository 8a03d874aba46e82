/** What `vecferry deploy` is asked by tests, where they say nothing else. */
export const usualDeployment = {
  registry: "docker.io",
  version: "1.19.2",
  name: "qdrant",
  network: null,
  memory: "4g",
  allowFrom: "10.0.0.0/8",
};
