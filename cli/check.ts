/** `podlog check`: says what is broken in a data folder and where; `--repair` moves it to `quarantine/`. */
import { relative } from 'node:path';
import { counted } from '../shared/counted.ts';
import { sizeText } from '../shared/readable-line/measures.ts';
import { checkDataFolder, repairDataFolder } from '../server/check.ts';
import { type CheckSummary, jsonLineOf } from '../server/store/check.ts';
import { type CheckEvent, checkedFinding, type Finding, isProblem } from '../server/engines/embedded/check/finding.ts';
import type { CheckOptions } from './options.ts';

/** Progress is shown of checks that take longer than this; of others it would only flicker. */
const PROGRESS_AFTER_MS = 2000;
const PROGRESS_EVERY_MS = 1000;

/** @returns the exit code: 1 when there are problems */
export async function runCheck(options: CheckOptions): Promise<0 | 1> {
  const findings = await check(options);
  if (!options.repair || findings.every(({ kind }) => kind === 'foreign')) return findings.some(isProblem) ? 1 : 0;
  await repair(options, findings);
  return (await check(options)).some(isProblem) ? 1 : 0;
}

async function check({ dataDir, json }: CheckOptions): Promise<Finding[]> {
  const printProgress = progressPrinter(process.stderr);
  const findings: Finding[] = [];
  for await (const event of checkDataFolder(dataDir)) {
    if (event.kind === 'finding') findings.push(event.finding);
    if (event.kind === 'progress') printProgress(event);
    else process.stdout.write(json ? jsonOf(event, dataDir) : textOf(event, dataDir));
  }
  return findings;
}

async function repair({ dataDir, indexedFields, json }: CheckOptions, findings: readonly Finding[]): Promise<void> {
  for await (const { path, keptRows, lostRows } of repairDataFolder(dataDir, findings, indexedFields)) {
    const name = relative(dataDir, path);
    process.stdout.write(
      json
        ? `${JSON.stringify({ kind: 'repaired', path: name, keptRows, lostRows })}\n`
        : `repaired: ${name}: ${counted(keptRows, 'row')} rewritten, ${counted(lostRows, 'row')} quarantined\n`,
    );
  }
}

type PrintedEvent = Exclude<CheckEvent, { kind: 'progress' }>;

function jsonOf(event: PrintedEvent, dataDir: string): string {
  return jsonLineOf(
    event.kind === 'done' ? event : { kind: 'finding', finding: checkedFinding(event.finding, dataDir) },
  );
}

function textOf(event: PrintedEvent, dataDir: string): string {
  return event.kind === 'done' ? summaryText(event.summary) : findingText(event.finding, dataDir);
}

function findingText(finding: Finding, dataDir: string): string {
  const { kind, path, offset, sizeBytes, rowCount, what, advice } = checkedFinding(finding, dataDir);
  const place = sizeBytes === 0 ? '' : `, bytes ${offset} to ${offset + sizeBytes}`;
  const lost = rowCount === 0 ? '' : ` (${counted(rowCount, 'row')})`;
  return `${isProblem(finding) ? 'problem' : kind}: ${path}${place}: ${what}${lost}\n  ${advice}\n`;
}

function summaryText(summary: CheckSummary): string {
  const { segmentCount, walFileCount, rowGroupCount, rowCount, checkedBytes, problemCount } = summary;
  const counts = [
    counted(segmentCount, 'segment'),
    counted(walFileCount, 'WAL file'),
    counted(rowGroupCount, 'row group'),
    counted(rowCount, 'row'),
    sizeText(checkedBytes),
  ].join(', ');
  const problems = problemCount === 0 ? 'no problems' : counted(problemCount, 'problem');
  return `checked ${counts}: ${problems}\n`;
}

function progressPrinter(output: { write(text: string): unknown }) {
  let nextMs = performance.now() + PROGRESS_AFTER_MS;
  return ({ checkedBytes, totalBytes }: Extract<CheckEvent, { kind: 'progress' }>): void => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + PROGRESS_EVERY_MS;
    const percent = totalBytes === 0 ? 100 : Math.floor((checkedBytes / totalBytes) * 100);
    output.write(`checked ${sizeText(checkedBytes)} of ${sizeText(totalBytes)} (${percent} %)\n`);
  };
}
