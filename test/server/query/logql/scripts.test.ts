/** Runs the scripts of this folder over HTTP, each on a server of its own with nothing but its lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { labelsText } from '../../../../shared/labels-text.ts';
import { batchOf, type Line } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';
import { DAY, parseScript, type Question, type Script, sinceBegin } from './script.ts';

const FOLDER = join(import.meta.dirname, 'scripts');

test.each(readdirSync(FOLDER))('%s', async (name) => {
  const script = parseScript(readFileSync(join(FOLDER, name), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'podlog-logql-'));
  const isDiscovering = name.startsWith('discovered');
  const server = await startQuietServer(folder, {
    lokiDiscovery: { serviceName: isDiscovering, logLevels: isDiscovering, fields: name.startsWith('fields') },
  });
  try {
    await load(server, script);
    const wrong: string[] = [];
    for (const question of script.questions) {
      const got = await ask(server, question);
      if (!isExpected(got, question.expected)) wrong.push(reportOf(name, question, got));
    }
    expect(wrong.join('\n')).toBe('');
    expect(script.questions.length).toBeGreaterThan(0);
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
});

function reportOf(name: string, { line, query, expected }: Question, got: readonly string[]): string {
  return [
    `${name}:${line} ${query}`,
    ...expected.map((each) => `  - ${each}`),
    ...got.map((each) => `  + ${each}`),
  ].join('\n');
}

function isExpected(got: readonly string[], expected: readonly string[]): boolean {
  if (got.length !== expected.length) return false;
  return expected.every((want, i) => (want.endsWith('…') ? got[i]!.startsWith(want.slice(0, -1)) : got[i] === want));
}

async function load({ url }: Server, { loads }: Script): Promise<void> {
  const lines = loads.flatMap(({ labels, lines: own }) =>
    own.map(({ atNs, text, metadata }): Line => ({ text, metadata, day: DAY, timeNs: Number(atNs), labels })),
  );
  if (lines.length === 0) return;
  const response = await fetch(`${url}/agent/batch`, { method: 'POST', body: new Uint8Array(batchOf({ lines })) });
  expect(response.status, await response.text()).toBe(200);
}

async function ask({ url }: Server, question: Question): Promise<string[]> {
  const path = question.kind === 'at' ? 'query' : 'query_range';
  const parameters = new URLSearchParams({ ...question.parameters, query: question.query });
  const response = await fetch(`${url}/loki/api/v1/${path}?${String(parameters)}`, {
    headers: question.isCategorized ? { 'x-loki-response-encoding-flags': 'categorize-labels' } : {},
  });
  const text = await response.text();
  if (response.status !== 200) return text.trimEnd().split('\n');
  const { data } = JSON.parse(text) as { data: Answer };
  return linesOf(data, question);
}

type LabelSet = Record<string, string>;
type Sample = [time: number, value: string];

type Answer =
  | { readonly resultType: 'streams'; readonly result: { stream: LabelSet; values: [string, string, Own?][] }[] }
  | { readonly resultType: 'vector'; readonly result: { metric: LabelSet; value: Sample }[] }
  | { readonly resultType: 'matrix'; readonly result: { metric: LabelSet; values: Sample[] }[] }
  | { readonly resultType: 'scalar'; readonly result: Sample };

interface Own {
  readonly structuredMetadata?: LabelSet;
  readonly parsed?: LabelSet;
}

function linesOf(answer: Answer, { parameters }: Question): string[] {
  switch (answer.resultType) {
    case 'streams':
      return answer.result.flatMap(({ stream, values }) =>
        values.map(([at, line, own]) => `${textOf(stream)}${ownText(own)} ${sinceBegin(at)} ${line}`),
      );
    case 'vector':
      return answer.result.map(({ metric, value: [, value] }) => `${textOf(metric)} ${value}`);
    case 'scalar':
      return [answer.result[1]];
    case 'matrix':
      return answer.result.map(({ metric, values }) => `${textOf(metric)} ${pointsOf(values, parameters).join(' ')}`);
  }
}

function textOf(labels: LabelSet): string {
  return labelsText(Object.entries(labels));
}

function ownText(own: Own | undefined): string {
  if (own === undefined) return '';
  const { structuredMetadata, parsed } = own;
  const metadata = structuredMetadata === undefined ? '' : ` metadata${textOf(structuredMetadata)}`;
  return metadata + (parsed === undefined ? '' : ` parsed${textOf(parsed)}`);
}

function pointsOf(values: readonly Sample[], { start, end, step }: Readonly<Record<string, string>>): string[] {
  const points: string[] = [];
  const byTime = Map.groupBy(values, ([time]) => Math.round(time * 1000));
  const unitMs = step!.endsWith('ms') ? 1 : step!.endsWith('m') ? 60_000 : 1000;
  const stepMs = parseFloat(step!) * unitMs;
  for (let at = Number(start) / 1e6; at <= Number(end) / 1e6; at += stepMs)
    points.push(
      byTime
        .get(Math.round(at))
        ?.map(([, value]) => value)
        .join('&') ?? '_',
    );
  return points;
}
