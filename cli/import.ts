/** `podlog import loki`: reads a running Loki by its API and pushes its lines to podlog. */
import { setMaxListeners } from 'node:events';
import { UsageError } from '../shared/errors.ts';
import { formatInstant } from '../shared/time.ts';
import { instantOfGiven } from './flag-values/import.ts';
import { IMPORT_REASONS_MAX } from './limits.ts';
import { Endpoint } from './import/endpoint.ts';
import { linesLeft } from './import/lines-left.ts';
import { allStreams } from './import/loki.ts';
import type { ImportOptions } from './import-options.ts';
import { lineCount, type Page, PageReader } from './import/pages.ts';
import { countsText, startProgress } from './import/progress.ts';
import { pushStreams } from './import/push-streams.ts';
import { type ImportState, readState, writeState } from './import/state.ts';

/** The exit code of a shell for SIGINT. */
const STOPPED = 130;

/** @returns the exit code: 1 when lines were refused */
export async function runImport(options: ImportOptions): Promise<number> {
  for (const [flag, url, file] of [
    ['--from', options.from, '--from-token-file'],
    ['--server', options.server, '--token-file'],
  ] as const) {
    if (new URL(url).username !== '') throw new UsageError(`${flag} has a user in its URL: put it into ${file}`);
  }
  if (options.from === options.server && options.orgId === options.toTenant) {
    throw new UsageError(`--from and --server are both ${options.from}: its lines would be there twice`);
  }
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const stop = (): void => {
    // A second signal ends the process.
    process.off('SIGINT', stop).off('SIGTERM', stop);
    stopping.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const report = (text: string): void => void process.stderr.write(`podlog: ${text}\n`);
  try {
    return await importLines(options, stopping.signal, report);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    report('stopped; the same command goes on from here');
    return STOPPED;
  }
}

async function importLines(
  options: ImportOptions,
  signal: AbortSignal,
  report: (text: string) => void,
): Promise<number> {
  const { from, fromTokenFile, orgId, server, tokenFile, toTenant, statePath } = options;
  const loki = new Endpoint({ name: 'Loki', url: from, tokenFile: fromTokenFile, tenant: orgId, signal, report });
  const podlog = new Endpoint({ name: 'podlog', url: server, tokenFile, tenant: toTenant, signal, report });
  const refusals = refusalPrinter(report);
  let state = await beginning(options, loki, report);
  using _ = startProgress(process.stderr, () => state, await linesLeft(loki, state));
  const reader = new PageReader(loki);
  const save = (changes: Partial<ImportState>): void => {
    state = { ...state, ...changes };
    writeState(statePath, state);
  };
  save({});
  for (let next: Promise<Page> | undefined; state.selector < state.selectors.length; next = undefined) {
    const selector = state.selectors[state.selector]!;
    const read = (): Promise<Page> =>
      state.pushing === undefined
        ? reader.read(selector, { start: state.at, end: state.until })
        : reader.readAgain(selector, { start: state.at, end: state.pushing });
    while (state.at < state.until) {
      const page: Page = await (next ?? read());
      next = page.end < state.until ? reader.read(selector, { start: page.end, end: state.until }) : undefined;
      // It is awaited after the push, and may fail before.
      next?.catch(() => undefined);
      save({ pushing: page.end });
      const { bytes, refused, reasons } = await pushStreams(podlog, page.streams);
      refusals(reasons);
      save({
        at: page.end,
        pushing: undefined,
        lines: state.lines + lineCount(page.streams) - refused,
        bytes: state.bytes + bytes,
        refused: state.refused + refused,
      });
    }
    save({ selector: state.selector + 1, at: state.since });
  }
  loki.close();
  podlog.close();
  process.stdout.write(`imported ${countsText(state)} until ${formatInstant(state.until)}; ${state.refused} refused\n`);
  return state.refused > 0 ? 1 : 0;
}

/** Returns the state to go on from: of an import that has not ended, else of a new one, which begins where the last has ended. */
async function beginning(
  { from, orgId, server, toTenant, selector, since, until, statePath }: ImportOptions,
  loki: Endpoint,
  report: (text: string) => void,
): Promise<ImportState> {
  const of = [from, orgId ?? '-', selector ?? 'all', server, toTenant ?? '-'].join(' ');
  const last = readState(statePath, of);
  const nowMs = Date.now();
  const begin = instantOfGiven(since, nowMs);
  if (last !== undefined && begin < last.begin) {
    const [asked, known] = [formatInstant(begin), formatInstant(last.begin)];
    throw new UsageError(
      `${statePath} is of an import from ${known} on, and --since asks for lines from ${asked} on: import the older ones with --until ${known} and another --state`,
      1,
    );
  }
  if (last !== undefined && last.selector < last.selectors.length) {
    report(`going on from ${formatInstant(last.at)}, as ${statePath} says, until ${formatInstant(last.until)}`);
    return last;
  }
  const range = { start: last?.until ?? begin, end: instantOfGiven(until, nowMs) };
  if (last !== undefined)
    report(
      `${statePath} has all lines from ${formatInstant(last.begin)} until ${formatInstant(last.until)}; importing newer ones`,
    );
  if (range.start > range.end) {
    throw new UsageError(
      `there is nothing to import: ${formatInstant(range.start)} is after ${formatInstant(range.end)}, see --since and --until`,
    );
  }
  const selectors = selector === undefined ? await allStreams(loki, range) : [selector];
  const counts = { lines: 0, bytes: 0, refused: 0 };
  return {
    of,
    begin: last?.begin ?? begin,
    selectors,
    since: range.start,
    until: range.end,
    selector: 0,
    at: range.start,
    pushing: undefined,
    ...counts,
  };
}

/** Prints each reason once. */
function refusalPrinter(report: (text: string) => void): (reasons: readonly string[]) => void {
  const seen = new Set<string>();
  return (reasons) => {
    for (const reason of reasons) {
      // Without what differs from line to line.
      const kind = reason.replaceAll(/'[^']*'|\d+/g, '');
      if (seen.has(kind) || seen.size === IMPORT_REASONS_MAX) continue;
      seen.add(kind);
      report(`lines were refused: ${reason}`);
    }
  };
}
