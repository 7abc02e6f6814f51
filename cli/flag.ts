/** The shape of a flag of the podlog command, and the names of the commands. */
export const COMMAND_NAMES = ['up', 'server', 'agent', 'forward', 'check', 'import'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface Flag<T> {
  /** Without the dashes. */
  readonly name: string;
  readonly commands: readonly CommandName[];
  /** The placeholder of the value in help; empty for a switch, which is true when it is given. */
  readonly placeholder: string;
  /** The default as a user would write it. */
  readonly defaultText: string;
  readonly help: string;
  /** @throws RangeError with what is wrong and what is allowed, as the end of a sentence that begins with the flag */
  readonly parse: (text: string) => T;
}

/** Reads a flag's value from the command line, the environment or its default. */
export type ReadFlag = <T>(flag: Flag<T>) => T;

export const ENVIRONMENT_PREFIX = 'PODLOG_';

/** `PODLOG_DATA_DIR` for `--data-dir`. */
export function environmentName(flag: Flag<unknown>): string {
  return `${ENVIRONMENT_PREFIX}${flag.name.toUpperCase().replaceAll('-', '_')}`;
}
