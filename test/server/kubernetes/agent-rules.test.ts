/** Acceptance check 28 of agents, with a server that follows a cluster: pods say by annotation that they are left alone. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ServerOptions } from '../../../server/main.ts';
import { openInodes } from '../../agent/pods.ts';
import { eventually } from '../../eventually.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';
import { nodeOfEachTest } from './node-in-cluster.ts';

const POD = 'shop_api-1_uid-of-api-1';
const node = nodeOfEachTest();

async function startWith(rules: string, changes: Partial<ServerOptions> = {}): Promise<void> {
  const rulesPath = join(node.root, 'rules.yaml');
  writeFileSync(rulesPath, rules);
  await node.start({ rulesPath, ...changes });
}

const write = (container: string, text: string): void => node.write(POD, container, text);
const isOpen = (container: string): boolean => openInodes().has(statSync(node.path(POD, container)).ino);

test('annotations and labels of a pod shut its files, and open them again', async () => {
  const pod = (annotations: Record<string, string>, labels = {}) => podObject('api-1', { annotations, labels });
  node.api.put(PODS, pod({ 'podlog.io/exclude-containers': 'proxy, other' }));
  await startWith("exclude: [{ labels: { 'team/name': 'b*' } }]\nredact: [email]");
  write('proxy', 'p1');
  write('app', 'from a@b.example');
  await node.expectFound('', ['from [redacted:email]']);
  expect(isOpen('proxy')).toBe(false);

  node.api.put(PODS, pod({ 'podlog.io/exclude': 'true' }));
  await eventually(() => expect(isOpen('app')).toBe(false));

  node.api.put(PODS, pod({}));
  await node.expectFound('', ['p1', 'from [redacted:email]']);

  node.api.put(PODS, pod({}, { 'team/name': 'billing' }));
  await eventually(() => expect(isOpen('app') || isOpen('proxy')).toBe(false));
});

test('the parser that a pod asks for is the one that cuts its lines, and may change', async () => {
  const pod = (parser?: string) =>
    podObject('api-1', { annotations: parser === undefined ? {} : { 'podlog.io/parser': parser } });
  let n = 0;
  /** Writes such a line after the other, until one is found by its field as it is wanted. */
  const untilCut = async (line: (n: number) => string, isFound: boolean): Promise<void> => {
    await eventually(async () => {
      const text = line(++n);
      write('app', text);
      await eventually(async () => expect(await node.stored()).toContain(`${text}\n`));
      expect((await node.stored(`n=${n}`)) === `${text}\n`).toBe(isFound);
    });
  };
  const json = (each: number): string => `{"a":1,"n":${each}}`;
  const logfmt = (each: number): string => `a=1 n=${each}`;
  node.api.put(PODS, pod('raw'));
  await startWith('');
  await untilCut(json, false);
  await untilCut(logfmt, false);
  node.api.put(PODS, pod('json'));
  await untilCut(json, true);
  await untilCut(logfmt, false);
  node.api.put(PODS, pod('logfmt'));
  await untilCut(logfmt, true);
  await untilCut(json, false);
  node.api.put(PODS, pod());
  await untilCut(json, true);
  await untilCut(logfmt, true);
});

test('an unknown parser is reported once, and lines are parsed as auto', async () => {
  const lines: string[] = [];
  const seen = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  node.api.put(PODS, podObject('api-1', { annotations: { 'podlog.io/parser': 'yaml' } }));
  await startWith('', { log: seen });
  write('app', 'user_id=7 n=1');
  await node.expectFound('', ['user_id=7 n=1']);
  expect(await node.stored('user_id=7')).toBe('user_id=7 n=1\n');
  node.api.put(PODS, podObject('api-1', { annotations: { 'podlog.io/parser': 'yaml' }, labels: { a: 'b' } }));
  write('app', 'user_id=7 n=2');
  await node.expectFound('', ['user_id=7 n=1', 'user_id=7 n=2']);
  const said = lines.filter((line) => line.includes('podlog.io/parser'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('not one of auto, json, logfmt, klog, raw');
});

test('the answer has an etag, and is short when it is known', async () => {
  await startWith('drop: [{ text: noise }]');
  const ask = (etag: string) => fetch(`${node.url}/agent/rules?node=worker-1`, { headers: { 'if-none-match': etag } });
  await eventually(async () => {
    const answer = await ask('');
    expect(await answer.json()).toEqual({
      rules: { include: [], exclude: [], drop: [{ name: 'noise', text: 'noise' }], redact: [], multiline: [] },
      pods: [],
    });
    const again = await ask(answer.headers.get('etag')!);
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });
  expect((await fetch(`${node.url}/agent/rules`)).status).toBe(400);
});
