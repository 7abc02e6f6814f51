/**
 * `npm run bench`: measures podlog on this machine and prints one table. Progress goes to stderr, the table (or with
 * --json, the figures) to stdout. It never asserts: whether a figure is good is for a person to say.
 */
import { parseArgs } from 'node:util';
import { benchAgent } from './agent.ts';
import { benchCodec } from './codec.ts';
import { figureTable, formatNumber, meetsTarget } from './figure.ts';
import { benchFreshness } from './freshness.ts';
import { benchFlood } from './flood.ts';
import { type Bench, inTempDir, startReport } from './harness.ts';
import { benchFormats } from './formats.ts';
import { benchIdle } from './idle.ts';
import { describeMachine, machineText } from './machine.ts';
import { benchNdjson } from './ndjson.ts';
import { benchPage } from './page.ts';
import { fillCompileCache } from './podlog.ts';
import { benchStore } from './store.ts';

/** In the order of a line's way: encoded, shipped, stored, seen, found. */
const MEASUREMENTS: Readonly<Record<string, (bench: Bench) => Promise<void> | void>> = {
  codec: benchCodec,
  formats: benchFormats,
  agent: benchAgent,
  idle: benchIdle,
  flood: benchFlood,
  store: benchStore,
  ndjson: benchNdjson,
  freshness: benchFreshness,
  page: benchPage,
};

const HELP = `Usage: npm run bench -- [flags]

  --lines <n>      lines for throughput and for the store that is queried (default 2000000)
  --large          the store alone, with a hundred million lines unless --lines says otherwise; 6 GB of disk
  --only <names>   some of ${Object.keys(MEASUREMENTS).join(', ')}, separated by commas
  --dir <dir>      on which disk (default: the system's temporary folder)
  --json           figures as JSON instead of a table
`;

const { values } = parseArgs({
  options: {
    lines: { type: 'string' },
    large: { type: 'boolean', default: false },
    only: { type: 'string' },
    dir: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const isLarge = values.large;
  const lineCount = Number(values.lines ?? (isLarge ? 100_000_000 : 2_000_000));
  const chosen = values.only?.split(',') ?? (isLarge ? ['store'] : Object.keys(MEASUREMENTS));
  const unknown = chosen.filter((name) => MEASUREMENTS[name] === undefined);
  if (unknown.length > 0 || !Number.isInteger(lineCount) || lineCount < 1) {
    process.stderr.write(HELP);
    process.exit(2);
  }
  const { figures, progress, report } = startReport();
  const machine = await inTempDir(values.dir, async (dir) => describeMachine(dir));
  progress(machineText(machine).replaceAll('\n', '; '));
  await fillCompileCache();
  for (const name of chosen) {
    try {
      await inTempDir(values.dir, async (dir) => MEASUREMENTS[name]!({ dir, lineCount, isLarge, progress, report }));
    } catch (error) {
      // The other figures are worth having.
      progress(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      process.exitCode = 1;
    }
  }
  if (values.json) {
    const judged = figures.map((figure) => ({ ...figure, met: meetsTarget(figure) }));
    process.stdout.write(`${JSON.stringify({ machine, lineCount, figures: judged }, undefined, 2)}\n`);
  } else
    process.stdout.write(`\n${machineText(machine)}\n${formatNumber(lineCount)} lines\n\n${figureTable(figures)}\n`);
}
