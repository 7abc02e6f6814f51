/**
 * Parses the paths of log files: `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log`, and after a
 * rotation by the kubelet `<restart>.log.20260101-000000`, later `….gz`. Where logrotate does it instead, it is
 * `<restart>.log.1`, which becomes `.2`, or `<restart>.log-20260101`. No other name is that of a rotation: a copy has the same
 * lines again, and `.tmp` is the kubelet's name for a file that is not finished.
 * Source: kubelet pkg/kubelet/kuberuntime/helpers.go, pkg/kubelet/logs/container_log_manager.go; logrotate(8).
 */

export interface PodDirectory {
  readonly namespace: string;
  readonly pod: string;
  /** The API's uid; for a static pod, the hash of its manifest. */
  readonly uid: string;
}

export interface LogName {
  readonly name: string;
  /** How often the container had been restarted when it wrote the file. */
  readonly restart: number;
  /**
   * Orders the files of a run: `YYYYMMDD-HHMMSS` in the kubelet's local time, or as much of it as the name has, perhaps with
   * more digits; `#` and a number that grows with time for a numbered one; empty for the file that is written to.
   */
  readonly rotation: string;
  readonly gzip: boolean;
}

const POD_DIRECTORY = /^([^_]+)_([^_]+)_([^_]+)$/;
const CONTAINER_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LOG_NAME = /^(\d{1,9})\.log(?:(?:\.(\d{8}-\d{6}\d{0,9})|-(\d{8}(?:-?\d{1,10})?)|\.(\d{1,7}))(\.gz)?)?$/;
const NUMBER_MAX = 9_999_999;
const NUMBERED = '#';
/** Sorts before every rotation that a name can give. */
export const FIRST_ROTATION = '!';

/** `_` is legal in none of the three parts. Returns undefined for the directory of anything but a pod. */
export function parsePodDirectory(name: string): PodDirectory | undefined {
  const match = POD_DIRECTORY.exec(name);
  if (match === null) return undefined;
  return { namespace: match[1]!, pod: match[2]!, uid: match[3]! };
}

/** Whether the name is a DNS label, unlike the runtime's own files in a pod's directory. */
export function isContainerName(name: string): boolean {
  return CONTAINER_NAME.test(name);
}

/** Returns undefined for `.tmp` files and anything else that is not a finished log of the kubelet's. */
export function parseLogName(name: string): LogName | undefined {
  const match = LOG_NAME.exec(name);
  if (match === null) return undefined;
  const [, restart, time, date, number, gzip] = match;
  const rotation = time ?? date ?? (number === undefined ? '' : numbered(Number(number)));
  return { name, restart: Number(restart), rotation, gzip: gzip !== undefined };
}

function numbered(number: number): string {
  return NUMBERED + String(NUMBER_MAX - number).padStart(String(NUMBER_MAX).length, '0');
}

/** Whether the name stays with the file, instead of passing to the next one that is rotated. */
export function isLasting({ rotation }: LogName): boolean {
  return rotation !== '' && !rotation.startsWith(NUMBERED);
}

/** Returns a rotation that sorts between the given one and each later one. */
export function rotationAfter(rotation: string): string {
  return `${rotation === '' ? FIRST_ROTATION : rotation}~`;
}

/**
 * Selects the log files among the names in a container's directory. While the kubelet compresses a file, it and its finished
 * `.gz` twin exist side by side: then only the plain one is selected, as it has the same content and is cheaper to read.
 */
export function selectLogs(names: readonly string[]): LogName[] {
  const present = new Set(names);
  const logs: LogName[] = [];
  for (const name of names) {
    const log = parseLogName(name);
    if (log === undefined || (log.gzip && present.has(name.slice(0, -'.gz'.length)))) continue;
    logs.push(log);
  }
  return logs;
}

/** Compares by age, oldest first: rotated files by their time, then the live file. */
export function compareRotations(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  return a < b ? -1 : 1;
}
