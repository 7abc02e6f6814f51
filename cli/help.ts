/** What `podlog --help` and `podlog <command> --help` print. */
import { COMMAND_NAMES, type CommandName, environmentName } from './flag.ts';
import { FLAGS } from './flags.ts';

interface CommandHelp {
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, explanation: string])[];
}

const COMMANDS: Readonly<Record<CommandName, CommandHelp>> = {
  up: {
    summary: 'server and agent in one process; where there are no pods, with a sample workload',
    examples: [
      ['podlog up', 'try it on this machine'],
      ['podlog up --data-dir /var/lib/podlog --listen :3100 --tokens-file tokens.yaml', 'a whole cluster of one node'],
    ],
  },
  server: {
    summary: 'takes lines from agents and other clients, keeps them, answers queries',
    examples: [
      ['podlog server --data-dir /var/lib/podlog --listen :3100 --token-review', 'as in a cluster'],
      ['PODLOG_RETENTION=90d podlog server', 'every flag has an environment twin'],
    ],
  },
  forward: {
    summary: "brings the cluster's server to this machine, as kubectl port-forward does, by your kubeconfig",
    examples: [
      ['podlog forward', 'then ask http://127.0.0.1:3100'],
      ['podlog forward --kubeconfig ./k3s.yaml --listen 127.0.0.1:3200', 'another cluster, beside it'],
    ],
  },
  check: {
    summary: 'verifies every checksum and invariant of a data folder that no server has open',
    examples: [
      ['podlog check --data-dir /var/lib/podlog', 'exit code 1 when something is broken'],
      ['podlog check --data-dir /var/lib/podlog --repair', 'set that aside'],
    ],
  },
  import: {
    summary: 'moves the lines of a running Loki to a podlog server; can be stopped and goes on where it was',
    examples: [
      ['podlog import loki --from http://loki:3100 --since 90d', 'to a server on this machine'],
      [`podlog import loki --selector '{namespace="shop"}' --server http://podlog:3100`, 'some streams'],
    ],
  },
  agent: {
    summary: "sends a node's pod logs to the server; keeps no state",
    examples: [
      ['podlog agent --server http://podlog:3100 --node "$NODE_NAME"', 'as in a cluster'],
      ['podlog agent --pods-dir ./pods --log-level debug', 'a folder of logs, to a server on this machine'],
    ],
  },
};

export function helpText(about: CommandName | undefined): string {
  return about === undefined ? overview() : commandHelp(about);
}

function overview(): string {
  const commands = COMMAND_NAMES.map((name): Row => [name, COMMANDS[name].summary]);
  const examples = COMMAND_NAMES.map((name) => COMMANDS[name].examples[0]!);
  return `podlog keeps every log line of every pod and finds it in milliseconds.

Usage: podlog <command> [flags]

Commands:
${table(commands)}

Examples:
${table(examples)}
${table([["curl 'http://127.0.0.1:3100/logs?level=error&since=1h'", 'then ask']])}

podlog <command> --help lists the flags of a command. podlog --version prints the version.
`;
}

function commandHelp(command: CommandName): string {
  const rows = FLAGS.filter((flag) => flag.commands.includes(command)).map((flag): Row => {
    return [
      flag.placeholder === '' ? `--${flag.name}` : `--${flag.name} <${flag.placeholder}>`,
      `${flag.help} (default ${flag.defaultText}; ${environmentName(flag)})`,
    ];
  });
  return `podlog ${command}: ${COMMANDS[command].summary}

Usage: podlog ${command}${command === 'import' ? ' loki' : ''} [flags]

Flags:
${table(rows)}

Examples:
${table(COMMANDS[command].examples)}

A flag wins over its environment variable. SIGTERM ends it in order, a second one at once.
`;
}

type Row = readonly [left: string, right: string];

function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
