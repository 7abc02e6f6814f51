/**
 * What the test pods log: lines that follow from the pod's name and a sequence number alone. The container's shell
 * script writes them, and `workloadLines` says what it wrote, so that no test takes the log files' word for it.
 *
 * Most lines are as zerolog writes them. Every 10th goes to stderr, every 50th is plain text, every 97th has a text of
 * 32 KiB in two-byte letters, which containerd cuts into three fragments, one cut within a letter.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const USER_IDS = [1000, 1001, 1002, 1003, 1004, 1005, 1006];
export const LINES_A_ROUND = 800;
const LONG_TEXT = 'é'.repeat(2 ** 14);
const CONTROL = '/control';

/** One line, and on which of the container's outputs it went. */
export interface WrittenLine {
  readonly seq: number;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/**
 * Writes its lines in rounds, `seq` counting from FIRST * LINES_A_ROUND: round n begins when the test has made the file
 * /control/n, and is paced so that it takes about two seconds. After round LAST − 1 the container ends.
 */
const SCRIPT = `
long=é; for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do long=$long$long; done
round=$FIRST
while [ $round -lt $LAST ]; do
  while [ ! -e ${CONTROL}/$round ]; do sleep 0.02; done
  i=$((round * ${LINES_A_ROUND}))
  round=$((round + 1))
  while [ $i -lt $((round * ${LINES_A_ROUND})) ]; do
    level=info out=1 message="order placed"
    if [ $((i % 97)) = 0 ]; then message=$long; fi
    if [ $((i % 10)) = 0 ]; then level=error out=2; fi
    if [ $((i % 50)) = 0 ]; then
      printf 'panic: %s lost order %d\\n' $NAME $i >&$out
    else
      printf '{"level":"%s","user_id":%d,"request_id":"%08x-c0de-4000-8000-00000000beef","pod_name":"%s","seq":%d,"message":"%s"}\\n' \\
        $level $((1000 + i % ${USER_IDS.length})) $i $NAME $i "$message" >&$out
    fi
    i=$((i + 1))
    if [ $((i % 20)) = 0 ]; then sleep 0.05; fi
  done
done
`;

/** Command and environment of a pod that writes rounds [first, last). */
export function workload(name: string, first: number, last: number, controlDir: string) {
  return {
    command: ['/bin/sh', '-c', SCRIPT],
    env: { NAME: name, FIRST: String(first), LAST: String(last) },
    mounts: [{ container_path: CONTROL, host_path: controlDir, readonly: true }],
  };
}

/** Lets every pod that is mounted on `controlDir` write its round. */
export function openRound(controlDir: string, round: number): void {
  mkdirSync(controlDir, { recursive: true });
  writeFileSync(join(controlDir, String(round)), '');
}

/** What the pod of this name writes in rounds [first, last), in the order in which it does. */
export function workloadLines(name: string, first: number, last: number): WrittenLine[] {
  const lines: WrittenLine[] = [];
  for (let seq = first * LINES_A_ROUND; seq < last * LINES_A_ROUND; seq++) {
    const isError = seq % 10 === 0;
    const line =
      seq % 50 === 0
        ? `panic: ${name} lost order ${seq}`
        : JSON.stringify({
            level: isError ? 'error' : 'info',
            user_id: userIdOf(seq),
            request_id: requestIdOf(seq),
            pod_name: name,
            seq,
            message: seq % 97 === 0 ? LONG_TEXT : 'order placed',
          });
    lines.push({ seq, stream: isError ? 'stderr' : 'stdout', line });
  }
  return lines;
}

/** The lines of the same number in all pods are of one user and one request. */
export function userIdOf(seq: number): number {
  return 1000 + (seq % USER_IDS.length);
}

export function requestIdOf(seq: number): string {
  return `${seq.toString(16).padStart(8, '0')}-c0de-4000-8000-00000000beef`;
}
