/**
 * What the path of a log file says: `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log`, and after a
 * rotation by the kubelet `<restart>.log.20260101-000000`, later `….gz`.
 * Source: kubelet pkg/kubelet/kuberuntime/helpers.go, pkg/kubelet/logs/container_log_manager.go.
 */

export interface PodDirectory {
  readonly namespace: string;
  readonly pod: string;
  /** The API's uid; of a static pod, the hash of its manifest. */
  readonly uid: string;
}

export interface LogName {
  readonly name: string;
  /** How often the container had been restarted when it wrote this. */
  readonly restart: number;
  /** `YYYYMMDD-HHMMSS` in the kubelet's local time; empty for the file that is written to. */
  readonly rotation: string;
  readonly gzip: boolean;
}

const POD_DIRECTORY = /^([^_]+)_([^_]+)_([^_]+)$/;
const CONTAINER_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LOG_NAME = /^(\d{1,9})\.log(?:\.(\d{8}-\d{6})(\.gz)?)?$/;

/** `_` is legal in none of the three parts. Returns undefined for a directory that is no pod's. */
export function parsePodDirectory(name: string): PodDirectory | undefined {
  const match = POD_DIRECTORY.exec(name);
  if (match === null) return undefined;
  return { namespace: match[1]!, pod: match[2]!, uid: match[3]! };
}

/** A DNS label, which no file of the runtime's own in a pod's directory is. */
export function isContainerName(name: string): boolean {
  return CONTAINER_NAME.test(name);
}

/** Returns undefined for `.tmp` files and anything else that the kubelet did not finish or make. */
export function parseLogName(name: string): LogName | undefined {
  const match = LOG_NAME.exec(name);
  if (match === null) return undefined;
  return { name, restart: Number(match[1]), rotation: match[2] ?? '', gzip: match[3] !== undefined };
}

/**
 * The log files among the names of a container's directory. While the kubelet compresses a file, it and its finished
 * `.gz` twin exist side by side: then only the plain one is listed, since it is the same content and cheaper to read.
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

/** Oldest first: rotated files by their time, then the file that is written to. */
export function compareRotations(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  return a < b ? -1 : 1;
}
