/** What a deployment is made of: files, and what to do with them. */

/** One file that `vecferry deploy` writes. */
export interface DeployFile {
  /** Its name in the folder that it is written to. */
  readonly name: string;
  readonly text: string;
  /** It holds a key, or is where one is put: mode 0600. */
  readonly secret?: boolean;
  /** Names that a program would read in its stead, or that it would be read in the stead of. */
  readonly rivals?: readonly string[];
}

/** One thing for a person to do: what it does, and what to type. */
export interface DeployStep {
  readonly what: string;
  readonly commands: readonly string[];
}

export interface Deployment {
  readonly files: readonly DeployFile[];
  readonly steps: readonly DeployStep[];
}

/** A value in YAML: as it is where nothing in it can be taken for something else, else in double quotes, which are JSON's. */
export function yamlText(value: string): string {
  return /^[A-Za-z/][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
