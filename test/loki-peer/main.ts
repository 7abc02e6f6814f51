/**
 * `node test/loki-peer/main.ts --loki <url>`: asks a running Loki and a podlog that it starts the same questions about the same
 * lines, and prints where they differ. Never in CI, as it needs Loki.
 *
 * The Loki must be empty, and keep to what podlog does: `split_queries_by_interval: 0`, no cache of results, no sharding,
 * `volume_enabled: true`, `reject_old_samples: false`, high rates of ingestion.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../corpus/random.ts';
import { inTempDir, startReport, waitFor } from '../bench/harness.ts';
import { startServerProcess } from '../bench/podlog.ts';
import { type Difference, differenceOf, plain } from './compare.ts';
import { reasonFor } from './deliberate.ts';
import { callLogcli } from './logcli.ts';
import { type Corpus, makeCorpus, type PushedStream } from './corpus.ts';
import { Generator } from './generate.ts';
import { pushQuestions } from './pushes.ts';
import { type Answer, ask, type Question } from './question.ts';
import { handWritten, KINDS, type Kind, linesQuestions, metricQuestions } from './questions.ts';

const HELP = `Usage: node test/loki-peer/main.ts --loki <url> [flags]

  --podlog <url>    a running podlog instead of a new one
  --only <kinds>    some of ${KINDS.join(', ')}, separated by commas (default: all)
  --seed <number>   of lines and random queries (default: 1)
  --random <count>  random queries of each kind (default: 1000)
  --at <seconds>    time before which the lines are (default: now); again for a Loki that has these lines
  --match <text>    only questions that contain it
  --logcli <file>   Loki's own command, which is then run against both, too
  --out <file>      where all differences are written (default: loki-differences.txt in the temporary folder)
`;

const { values } = parseArgs({
  options: {
    loki: { type: 'string' },
    podlog: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    random: { type: 'string', default: '1000' },
    at: { type: 'string' },
    match: { type: 'string' },
    logcli: { type: 'string' },
    out: { type: 'string', default: '/tmp/loki-differences.txt' },
    help: { type: 'boolean', default: false },
  },
});

const AT_ONCE = 4;
/** How often Loki is asked again where podlog differs: Go's maps have no order, and sums and ties depend on it. */
const REPEATS = 4;
/** Characters of an answer before and after the first difference. */
const SHOWN_BEFORE = 100;
const SHOWN_AFTER = 200;

const { progress } = startReport();

if (values.help || values.loki === undefined) process.stdout.write(HELP);
else await inTempDir(undefined, (dir) => main(values.loki!, dir));

interface Differing {
  readonly difference: Difference;
  readonly question: Question;
  readonly want: Answer;
  readonly got: Answer;
  /** Whether Loki answers the same again. */
  readonly isSteady: boolean;
}

async function main(loki: string, dir: string): Promise<void> {
  const seed = Number(values.seed);
  const podlog = values.podlog ?? (await startServerProcess(dir, ['--loki-fields', 'off'])).url;
  const corpus = makeCorpus(seed, values.at === undefined ? Date.now() : Number(values.at) * 1000);
  for (const url of [loki, podlog]) await push(url, corpus);
  for (const url of [loki, podlog]) await waitUntilAllThere(url, corpus);
  progress(`${corpus.streams.length} streams are in both`);
  const asked = questionsOf(corpus, seed).filter(({ about }) => about.includes(values.match ?? ''));
  const differing: Differing[] = [];
  await inParallel(asked, async (question) => {
    const [want, got] = await Promise.all([ask(loki, question), ask(podlog, question)]);
    const difference = differenceOf(want, got, isOrdered(question));
    if (difference === undefined) return;
    const isSteady = want.status !== 200 || (await answersAlike(loki, question, want));
    differing.push({ difference, question, want, got, isSteady });
  });
  const calls = values.logcli === undefined ? [] : listOf('logcli');
  for (const about of calls) {
    const [want, got] = await Promise.all([loki, podlog].map((url) => callLogcli(values.logcli!, url, about, corpus)));
    const difference = differenceOf(want!, got!, true);
    const question = { method: 'GET', path: '/logcli', headers: {}, about: `logcli ${about}` } as const;
    if (difference !== undefined) differing.push({ difference, question, want: want!, got: got!, isSteady: true });
  }
  report(asked.length + calls.length, differing);
}

async function answersAlike(loki: string, question: Question, want: Answer): Promise<boolean> {
  for (let i = 0; i < REPEATS; i++) {
    if (differenceOf(want, await ask(loki, question), isOrdered(question)) !== undefined) return false;
  }
  return true;
}

async function inParallel<T>(list: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const rest = list.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of rest) await each(one);
    }),
  );
}

async function push(url: string, { streams }: Corpus): Promise<void> {
  for (const each of halves(streams)) {
    const body = JSON.stringify({ streams: each });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/loki/api/v1/push`, { method: 'POST', headers, body });
    if (response.status !== 204)
      throw new Error(`${url} refused the lines: ${response.status} ${await response.text()}`);
  }
}

/** The second push has older lines, too: they are in no order. */
function halves(streams: readonly PushedStream[]): PushedStream[][] {
  return [0, 1].map((half) =>
    streams.flatMap(({ stream, values: lines }) => {
      const own = lines.length < 10 ? (half === 0 ? lines : []) : lines.filter((_, i) => i % 2 === half);
      return own.length === 0 ? [] : [{ stream, values: own }];
    }),
  );
}

async function waitUntilAllThere(url: string, { start, end, streams }: Corpus): Promise<void> {
  const query = `count(sum by (app, pod, job, env) (count_over_time({service_name=~".+"}[${end - start + 60}s])))`;
  const path = `/loki/api/v1/query?${String(new URLSearchParams({ query, time: String(end) }))}`;
  await waitFor(
    async () => {
      const { text } = await ask(url, { method: 'GET', path, headers: {}, about: query });
      return text.includes(`"${streams.length}"`);
    },
    { what: `${url} has all streams`, pauseMs: 200 },
  );
}

function questionsOf(corpus: Corpus, seed: number): Question[] {
  const kinds = (values.only?.split(',') ?? KINDS) as Kind[];
  return kinds.flatMap((kind) => {
    if (kind === 'pushes') return pushQuestions(BigInt(Date.now()) * 1_000_000n);
    if (kind !== 'random') return handWritten(kind, listOf(kind), corpus);
    const generator = new Generator(new Random(seed));
    return Array.from({ length: Number(values.random) }).flatMap(() => [
      ...linesQuestions(generator.logQuery(), corpus).slice(0, 1),
      ...metricQuestions(generator.metricQuery(), corpus, generator.when()),
    ]);
  });
}

/** Returns the lines of a list; `#` and a space begin a comment. */
function listOf(name: string): string[] {
  const text = readFileSync(join(import.meta.dirname, 'questions', `${name}.txt`), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('# '));
}

/** Loki gives the series of an instant in no order, but for those that are sorted. */
function isOrdered({ path, about }: Question): boolean {
  if (path.startsWith('/loki/api/v1/query_range?')) return true;
  return path.startsWith('/loki/api/v1/query?') && about.startsWith('sort');
}

function report(count: number, all: readonly Differing[]): void {
  const reasonOf = ({ question, want, got, isSteady }: Differing): string | undefined =>
    isSteady ? reasonFor(question, want, got) : 'Loki itself answers otherwise when it is asked again';
  const isDeliberate = (each: Differing): boolean => reasonOf(each) !== undefined;
  const differing = all.filter((each) => !isDeliberate(each));
  const shown = differing.map(({ difference, question: { about, method, path }, want, got }) => {
    const [at] = path.split('?');
    return (
      `── ${difference}: ${method} ${at!}\n${about}\n` +
      `loki    ${want.status} ${want.type} ${shownText(want.text, got.text)}\n` +
      `podlog  ${got.status} ${got.type} ${shownText(got.text, want.text)}\n`
    );
  });
  writeFileSync(values.out, shown.join('\n'));
  process.stdout.write(`${count} questions, ${differing.length} answered differently: ${values.out}\n`);
  for (const [reason, list] of Map.groupBy(all.filter(isDeliberate), reasonOf)) {
    process.stdout.write(`  not counted, ${list.length}: ${reason!}\n`);
  }
  for (const [difference, list] of Map.groupBy(differing, (each) => each.difference)) {
    process.stdout.write(`  ${difference}: ${list.length}\n`);
  }
}

/** Returns a text from a bit before where it begins to differ. */
function shownText(text: string, other: string): string {
  const [own, compared] = [text, other].map((each) => JSON.stringify(plain(each)) ?? each) as [string, string];
  let at = 0;
  while (at < own.length && own[at] === compared[at]) at++;
  const from = Math.max(0, at - SHOWN_BEFORE);
  return (from > 0 ? '…' : '') + own.slice(from, at + SHOWN_AFTER);
}
