/** Qdrant's own binary: its configuration, a unit of systemd, and where it is downloaded. */
import { qdrantDownloads } from "../model/releases.ts";
import { type Deployment, type DeployStep, yamlText } from "./file.ts";
import { firewallSteps } from "./firewall.ts";

export interface NativeRequest {
  readonly version: string;
  /** The folder of its data. An absolute one is a service's; a relative one is for a server that is started by hand. */
  readonly data: string;
  /** The address that it listens at. */
  readonly host: string;
  /** How much memory the service may take: `4g`. */
  readonly memory: string;
  /** Who may reach the ports, as a CIDR. */
  readonly allowFrom: string;
}

/** `config.yaml`, the unit where it is a service, and what to type. */
export function nativeDeployment(request: NativeRequest): Deployment {
  const config = { name: "config.yaml", text: configText(request) };
  if (!request.data.startsWith("/")) return { files: [config], steps: handSteps(request) };
  const unit = { name: "qdrant.service", text: unitText(request) };
  return { files: [config, unit], steps: serviceSteps(request) };
}

/** The names are those of config/config.yaml in Qdrant's source. */
function configText({ data, host }: NativeRequest): string {
  const folder = data.replace(/\/+$/, "");
  return `${[
    "# Qdrant, as `vecferry deploy native` writes it: qdrant --config-path config.yaml",
    "# The key comes from QDRANT__SERVICE__API_KEY in the environment, so that it stands in no file that others read.",
    "log_level: INFO",
    "storage:",
    `  storage_path: ${yamlText(`${folder}/storage`)}`,
    `  snapshots_path: ${yamlText(`${folder}/snapshots`)}`,
    "  on_disk_payload: true",
    "service:",
    `  host: ${yamlText(host)}`,
    "  http_port: 6333",
    "  grpc_port: 6334",
    "cluster:",
    "  enabled: false",
    "telemetry_disabled: true",
  ].join("\n")}\n`;
}

function unitText({ data, memory }: NativeRequest): string {
  return `${[
    "# Qdrant, as `vecferry deploy native` writes it.",
    "[Unit]",
    "Description=Qdrant",
    "Documentation=https://qdrant.tech/documentation/",
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Service]",
    "ExecStart=/usr/local/bin/qdrant --config-path /etc/qdrant/config.yaml",
    "# Holds QDRANT__SERVICE__API_KEY, mode 0600: without it the service does not start.",
    "EnvironmentFile=/etc/qdrant/qdrant.env",
    "User=qdrant",
    "Group=qdrant",
    `WorkingDirectory=${data}`,
    `ReadWritePaths=${data}`,
    "Restart=on-failure",
    "RestartSec=5",
    "TimeoutStopSec=60",
    "LimitNOFILE=65536",
    `MemoryMax=${memory.toUpperCase()}`,
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ].join("\n")}\n`;
}

/** The files of a release at github.com/qdrant/qdrant/releases, for the three systems. */
export function downloadSteps(version: string): DeployStep[] {
  const release = qdrantDownloads(version);
  // The shell fills the machine in: whoever pastes every line has the right one.
  const unpacked = (machine: string, system: string): string =>
    `curl --fail --location ${release}/qdrant-${machine}-${system}.tar.gz | tar -xz qdrant`;
  return [
    {
      what: "Download it: Linux, x86-64 and ARM",
      commands: [unpacked("$(uname -m)", "unknown-linux-musl")],
    },
    {
      what: "Download it: macOS, Apple silicon and Intel",
      commands: [unpacked("$(uname -m | sed s/arm64/aarch64/)", "apple-darwin")],
    },
    {
      what: "Download it: Windows, in PowerShell",
      commands: [
        `Invoke-WebRequest ${release}/qdrant-x86_64-pc-windows-msvc.zip -OutFile qdrant.zip`,
        "Expand-Archive qdrant.zip .",
      ],
    },
  ];
}

function serviceSteps({ version, data, allowFrom }: NativeRequest): DeployStep[] {
  return [
    ...downloadSteps(version),
    { what: "Make the key, unless .env has it", commands: ["vecferry deploy env"] },
    {
      what: "Put everything in its place (Linux)",
      commands: [
        "sudo install -m 0755 qdrant /usr/local/bin/qdrant",
        "sudo useradd --system --no-create-home --shell /usr/sbin/nologin qdrant",
        `sudo install -d -o qdrant -g qdrant -m 0750 ${data}`,
        "sudo install -D -m 0644 config.yaml /etc/qdrant/config.yaml",
        "sudo install -m 0600 /dev/null /etc/qdrant/qdrant.env",
        "sed -n 's/^QDRANT_API_KEY=/QDRANT__SERVICE__API_KEY=/p' .env | sudo tee /etc/qdrant/qdrant.env > /dev/null",
        "sudo install -m 0644 qdrant.service /etc/systemd/system/qdrant.service",
      ],
    },
    {
      what: "Start it, also after the next boot, and look at it",
      commands: [
        "sudo systemctl daemon-reload",
        "sudo systemctl enable --now qdrant.service",
        "vecferry doctor http://localhost:6333",
      ],
    },
    ...firewallSteps(allowFrom, false),
  ];
}

function handSteps({ version, allowFrom }: NativeRequest): DeployStep[] {
  return [
    ...downloadSteps(version),
    { what: "Make the key, unless .env has it", commands: ["vecferry deploy env"] },
    {
      what: "Start it (Linux, macOS)",
      commands: [
        '(set -a; . ./.env; QDRANT__SERVICE__API_KEY="$QDRANT_API_KEY" ./qdrant --config-path config.yaml)',
      ],
    },
    {
      what: "Start it (Windows, in PowerShell)",
      commands: [
        "$env:QDRANT__SERVICE__API_KEY = (Select-String '^QDRANT_API_KEY=(.*)$' .env).Matches.Groups[1].Value",
        ".\\qdrant.exe --config-path config.yaml",
      ],
    },
    { what: "Look at it", commands: ["vecferry doctor http://localhost:6333"] },
    ...firewallSteps(allowFrom, false),
  ];
}
