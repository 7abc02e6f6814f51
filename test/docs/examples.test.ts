/**
 * Runs each example of the documents as it is written, and compares its answer with the one that is printed there.
 * With UPDATE_EXAMPLES=1, answers that differ are written into the documents instead, to be shortened by hand.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { type Example, examplesOf, matches, sameIds } from './examples.ts';
import { type SampleServer, startSampleServer } from './sample-server.ts';

const DOCUMENTS = [
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const WITH_EXAMPLES = DOCUMENTS.map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  .map((document) => ({ ...document, examples: examplesOf(document.text) }))
  .filter(({ examples }) => examples.length > 0);

const DOCUMENTED_URL = 'http://127.0.0.1:3100';
/** npm says what it runs. */
const NPM_BANNER = /^\n(?:> .*\n)+\n/;

/** `podlog check` needs a folder that no server has open. */
const needsServer = ({ command }: Example): boolean => !command.startsWith('npm run podlog -- check');

test('README and the API have examples', () => {
  const counts = Object.fromEntries(WITH_EXAMPLES.map(({ path, examples }) => [path, examples.length]));
  expect(counts['README.md']).toBeGreaterThanOrEqual(3);
  expect(counts['docs/api.md']).toBeGreaterThanOrEqual(12);
});

test('requests that need nothing but a server are examples', () => {
  const shown = WITH_EXAMPLES.flatMap(({ path, text }) =>
    [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
      .flatMap(([, block]) => block!.split('\n'))
      .filter((line) => /^curl (?!-N |-u )/.test(line))
      .map((line) => `${path}: ${line}`),
  );
  expect(shown).toEqual([]);
});

describe.each(WITH_EXAMPLES)('$path', ({ path, text, examples }) => {
  let shop: SampleServer;
  let isOpen = true;
  const ids = new Map<string, string>();
  const changes: [Example, string][] = [];
  beforeAll(async () => {
    shop = await startSampleServer();
  });
  afterAll(async () => {
    if (isOpen) await shop.server.close();
    await shop.removeFolder();
    if (changes.length > 0) writeFileSync(path, changed(text, changes));
  });

  /** What the command prints, with the data folder under the name that it has in the image. */
  async function run(command: string): Promise<string> {
    const written = [...ids].reduce((all, [documented, own]) => all.replaceAll(documented, own), command);
    const { stdout } = await promisify(execFile)('sh', ['-c', written.replaceAll(DOCUMENTED_URL, shop.server.url)], {
      env: { ...process.env, PODLOG_DATA_DIR: shop.dataDir },
    });
    return stdout.replace(NPM_BANNER, '').replaceAll(shop.dataDir, '/data').trimEnd();
  }

  /** Erasures are jobs: a reader of the document repeats the request until its job is done, too. */
  async function finished(command: string): Promise<string> {
    if (!command.includes('/erasures/')) return run(command);
    return eventually(async () => {
      const answer = await run(command);
      expect(answer).toContain('"state":"done"');
      return answer;
    });
  }

  async function verify(example: Example): Promise<void> {
    const got = await finished(example.command);
    if (!matches(example.answer, got)) {
      if (process.env['UPDATE_EXAMPLES'] === undefined) expect(got).toBe(example.answer);
      changes.push([example, got]);
    }
    for (const [documented, own] of sameIds(example.answer, got)) ids.set(documented, own);
  }

  test.each(examples.filter(needsServer))('$command', verify);

  const checks = examples.filter((example) => !needsServer(example));
  for (const example of checks) {
    test(example.command, async () => {
      if (isOpen) await shop.server.close();
      isOpen = false;
      await verify(example);
    });
  }

  if (path === 'README.md') {
    test('the request in the welcome is one of the sample', () => {
      const [, documented] = /requests\/([^?]+)\?format=text'/.exec(text)!;
      expect(documented).toBe(shop.requestId);
    });
  }
});

/** The document with the given answers instead of its own. */
function changed(text: string, changes: readonly [Example, string][]): string {
  return changes
    .toReversed()
    .reduce((all, [{ start, end }, got]) => `${all.slice(0, start)}${got}\n${all.slice(end)}`, text);
}
