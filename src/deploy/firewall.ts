/** The lines that let one network reach Qdrant, and nobody else. */
import type { DeployStep } from "./file.ts";

/** REST, and gRPC. */
const ports = [6333, 6334] as const;

/** The lines of each common firewall; `network` is who may come, as a CIDR. */
export function firewallSteps(network: string, isContainer: boolean): DeployStep[] {
  const each = (line: (port: number) => string): string[] => ports.map(line);
  const family = network.includes(":") ? "ipv6" : "ipv4";
  const tables = network.includes(":") ? "ip6tables" : "iptables";
  const host: DeployStep[] = [
    {
      what: "Firewall, with ufw (Debian, Ubuntu): let one network in",
      commands: each((port) => `sudo ufw allow proto tcp from ${network} to any port ${port}`),
    },
    {
      what: "Firewall, with firewalld (Fedora, RHEL)",
      commands: [
        ...each(
          (port) =>
            `sudo firewall-cmd --permanent --add-rich-rule='rule family="${family}" source address="${network}" port port="${port}" protocol="tcp" accept'`,
        ),
        "sudo firewall-cmd --reload",
      ],
    },
  ];
  const docker: DeployStep = {
    what: "Firewall, where Docker publishes the ports: it goes around ufw and firewalld, and asks its own chain first",
    commands: [
      `sudo ${tables} -I DOCKER-USER -p tcp -m conntrack --ctorigdstport 6333:6334 ! -s ${network} -j DROP`,
    ],
  };
  const windows: DeployStep = {
    what: "Firewall of Windows",
    commands: [
      `New-NetFirewallRule -DisplayName Qdrant -Direction Inbound -Protocol TCP -LocalPort ${ports.join(",")} -RemoteAddress ${network} -Action Allow`,
    ],
  };
  return isContainer ? [docker, ...host] : [...host, windows];
}
