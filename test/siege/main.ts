/**
 * `npm run siege`: a server in the memory of its pod, honest senders, and all that can be done to it by those who mean no
 * good or know no better, one attack after the other; then kill -9, a start, and damaged copies of its folder. Prints a
 * table, and fails when a line that was acknowledged is lost or doubled, or the server ended.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { POD_MEMORY_BYTES } from '../../server/limits.ts';
import { figureTable, meetsTarget, quantile } from '../bench/figure.ts';
import { type Bench, Child, inTempDir, startReport, waitFor } from '../bench/harness.ts';
import { describeMachine, machineText } from '../bench/machine.ts';
import { fillCompileCache, isUp } from '../bench/podlog.ts';
import { freePort } from '../free-port.ts';
import type { Attack, PushedRows } from './attacks/attack.ts';
import { bombs } from './attacks/bombs.ts';
import { caretakers } from './attacks/caretakers.ts';
import { damagedCopy, DAMAGES } from './attacks/damaged.ts';
import { floods } from './attacks/floods.ts';
import { greedy } from './attacks/greedy.ts';
import { lying } from './attacks/lying.ts';
import { slow } from './attacks/slow.ts';
import { call, TOKENS_FILE } from './caller.ts';
import { besiegeByContention } from './contention.ts';
import { type Balance, Ledger } from './ledger.ts';
import { limitMemory, type MemoryLimit } from './memory-limit.ts';

const ATTACKS: Readonly<Record<string, Attack>> = { bombs, caretakers, floods, slow, lying, greedy };

const NAMES = [...Object.keys(ATTACKS), 'damage', 'contention'];

const HELP = `Usage: npm run siege -- [flags]

  --only <names>   some of ${NAMES.join(', ')}, separated by commas
  --dir <dir>      on which disk (default: the system's temporary folder)
  --json           figures as JSON instead of a table

As root it holds the server to ${POD_MEMORY_BYTES / 1024 / 1024} MiB.
`;

/** What a query, a tail and a push meet when others ask for much at the same time. */
const CONTENTION = { seconds: 30, storedLines: 2_000_000 };

const START_SECONDS_MAX = 30;
const SETTLE_MS_MAX = 120_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    dir: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const chosen = values.only?.split(',') ?? NAMES;
  if (chosen.some((name) => !NAMES.includes(name))) {
    process.stderr.write(HELP);
    process.exit(2);
  }
  const { figures, progress, report } = startReport();
  const machine = await inTempDir(values.dir, async (dir) => describeMachine(dir));
  await fillCompileCache();
  // What cannot be measured to its end fails; the figures up to there and the other part are of use all the same.
  const run = async (what: string, part: (dir: string) => Promise<void>): Promise<void> => {
    await inTempDir(values.dir, part).catch((error: unknown) => {
      process.stderr.write(`${what} did not come to its end: ${inspect(error)}\n`);
      process.exitCode = 1;
    });
  };
  if (chosen.some((name) => name !== 'contention')) {
    await run('the siege', (dir) => besiege(dir, chosen, { progress, report }));
  }
  if (chosen.includes('contention')) {
    progress('contention');
    await run('contention', (dir) => besiegeByContention(CONTENTION, { dir, progress, report }));
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
  else process.stdout.write(`\n${machineText(machine)}\n\n${figureTable(figures)}\n`);
  const missed = figures.filter((figure) => meetsTarget(figure) === false);
  for (const { name } of missed) process.stderr.write(`missed: ${name}\n`);
  if (missed.length > 0) process.exitCode = 1;
}

type Reporting = Pick<Bench, 'progress' | 'report'>;

async function besiege(dir: string, chosen: readonly string[], { progress, report }: Reporting): Promise<void> {
  const dataDir = join(dir, 'data');
  writeFileSync(join(dir, 'tokens.yaml'), TOKENS_FILE);
  let server = await start(dir, dataDir);
  if (server.limit === undefined)
    progress('no cgroup can be made here: the server is not held to the memory of its pod');
  const ledger = new Ledger();
  ledger.start(() => server.url);
  const pushed = new Map<string, PushedRows>();
  let ends = 0;
  let peakMegabytes = 0;
  const note = (name: string): void => {
    const { push, agent } = ledger.takeMs();
    report({ name: `${name}: honest POST /ingest, p99`, value: quantile(push, 0.99), unit: 'ms' });
    report({ name: `${name}: honest POST /agent/batch, p99`, value: quantile(agent, 0.99), unit: 'ms' });
  };
  for (const name of chosen) {
    const attack = ATTACKS[name];
    if (attack === undefined) continue;
    progress(name);
    for (const [app, rows] of (await attack({ url: server.url, progress, report })) ?? []) pushed.set(app, rows);
    note(name);
    peakMegabytes = Math.max(peakMegabytes, server.child.peakMegabytes());
    report({ name: `${name}: peak memory so far`, value: peakMegabytes, unit: 'MB' });
    if (server.child.running) continue;
    ends++;
    const isKilled = server.limit?.hasKilled() === true;
    // What it took at its end nobody has seen.
    if (isKilled) peakMegabytes = Math.max(peakMegabytes, POD_MEMORY_BYTES / 1e6);
    const cause = isKilled ? 'was killed for memory' : 'has ended';
    progress(`the server ${cause}:\n${server.child.output}`);
    server.limit?.remove();
    server = await start(dir, dataDir);
  }
  report({
    name: 'server: peak memory',
    value: peakMegabytes,
    unit: 'MB',
    target: { kind: 'max', value: POD_MEMORY_BYTES / 1e6 },
  });
  report({ name: 'server: ended or killed for memory', value: ends, unit: 'times', target: { kind: 'max', value: 0 } });
  await ledger.stop();
  progress('kill -9, and a start');
  const killedMs = performance.now();
  await end(server, 'SIGKILL');
  server = await start(dir, dataDir);
  report({
    name: 'start after kill -9',
    value: (performance.now() - killedMs) / 1000,
    unit: 's',
    target: { kind: 'max', value: START_SECONDS_MAX },
  });
  reportBalance('honest lines', await ledger.balance(server.url), report);
  for (const [app, { acknowledged, sent }] of pushed) {
    const stored = await settled(server.url, app, acknowledged);
    report({
      name: `${app}: rows lost of ${acknowledged} acknowledged, or doubled of ${sent} sent`,
      value: Math.max(0, acknowledged - stored, stored - sent),
      unit: '',
      target: { kind: 'max', value: 0 },
    });
  }
  await ledger.sendOnce(server.url);
  await end(server, 'SIGTERM');
  if (chosen.includes('damage')) await besiegeCopies(dir, dataDir, ledger, { progress, report });
}

async function besiegeCopies(
  dir: string,
  dataDir: string,
  ledger: Ledger,
  { progress, report }: Reporting,
): Promise<void> {
  for (const [seed, damage] of DAMAGES.entries()) {
    progress(`damage: ${damage.name}`);
    const copy = join(dir, `copy-${seed}`);
    damagedCopy(dataDir, copy, damage, seed);
    const target = { kind: 'max', value: 0 } as const;
    const server = await start(dir, copy).catch((error: unknown) => progress(inspect(error)));
    report({ name: `${damage.name}: starts that failed`, value: Number(server === undefined), unit: '', target });
    if (server === undefined) continue;
    const { acknowledged, lost, doubled } = await ledger.balance(server.url);
    report({
      name: `${damage.name}: lost of ${acknowledged}`,
      value: lost,
      unit: 'lines',
      target: damage.isLossless ? target : undefined,
    });
    report({ name: `${damage.name}: doubled`, value: doubled, unit: 'lines', target });
    await end(server, 'SIGTERM');
    rmSync(copy, { recursive: true });
  }
}

function reportBalance(name: string, { acknowledged, lost, doubled }: Balance, report: Bench['report']): void {
  report({ name: `${name}: acknowledged`, value: acknowledged, unit: 'lines' });
  report({ name: `${name}: lost`, value: lost, unit: 'lines', target: { kind: 'max', value: 0 } });
  report({ name: `${name}: doubled`, value: doubled, unit: 'lines', target: { kind: 'max', value: 0 } });
}

interface BesiegedServer {
  readonly url: string;
  readonly child: Child;
  readonly limit: MemoryLimit | undefined;
}

async function start(dir: string, dataDir: string): Promise<BesiegedServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = ['--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, '--tokens-file', join(dir, 'tokens.yaml')];
  // A bomb has lines of ten years, and whether retention has come to them is a matter of time.
  const child = new Child(['cli/podlog.js', 'server', ...flags, '--retention', 'forever', '--log-level', 'error']);
  const limit = limitMemory(child.pid);
  try {
    await waitFor(() => isUp(`${url}/readyz`), { what: 'the server is ready', child, msMax: SETTLE_MS_MAX });
  } catch (error) {
    await end({ url, child, limit }, 'SIGKILL');
    throw error;
  }
  return { url, child, limit };
}

async function end({ child, limit }: BesiegedServer, signal: NodeJS.Signals): Promise<void> {
  if (child.running) await child.stop(signal);
  limit?.remove();
}

/** Rows of an app once the server answers: right after a siege it may be busy. */
function settled(url: string, app: string, rows: number): Promise<number> {
  const query = `${url}/aggregate?by=app&app=${app}`;
  return waitFor(
    async () => {
      const { status, text } = await call(query, { as: 'read' });
      if (status !== 200) return undefined;
      const { groups } = JSON.parse(text) as { groups: readonly { readonly rows: number }[] };
      return groups[0]?.rows ?? (rows === 0 ? 0 : undefined);
    },
    { what: `${app} is counted`, msMax: SETTLE_MS_MAX, pauseMs: 500 },
  );
}
