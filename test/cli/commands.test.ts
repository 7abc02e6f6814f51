/**
 * The command as a user meets it: real processes, and what they say when something is in the way. Nothing but Node is
 * needed. What each flag accepts is tested beside the parser.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endPodlog, serverReady, startPodlog, type PodlogProcess } from '../e2e/podlog.ts';
import { WAIT_MS_MAX } from '../deadline.ts';
import { until } from '../e2e/until.ts';
import { freePort } from '../free-port.ts';

let dir: string;
let processes: PodlogProcess[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'podlog-cli-'));
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((podlog) => endPodlog(podlog, 'SIGKILL')));
  rmSync(dir, { recursive: true, force: true });
});

function start(...args: readonly string[]): PodlogProcess {
  const podlog = startPodlog(args);
  processes.push(podlog);
  return podlog;
}

async function startReadyServer(): Promise<{ server: PodlogProcess; port: number }> {
  const port = await freePort();
  const server = start('server', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${port}`);
  await serverReady(server, port);
  return { server, port };
}

/** It ended by itself with this code and one line on stderr; that line. */
async function complaint(podlog: PodlogProcess, code: number): Promise<string> {
  expect(await podlog.ended).toEqual({ code, signal: null });
  expect(podlog.stderr).toMatch(/^podlog: [^\n]+\n$/);
  return podlog.stderr;
}

describe('a command line that cannot work ends with 2 and one line', () => {
  const table: [args: string[], line: RegExp][] = [
    [[], /which command\?.*server/],
    [['sevrer'], /"sevrer"; did you mean server/],
    [['server', '--lisen', '127.0.0.1:1'], /--lisen; did you mean --listen/],
    [['server', '--listen', 'here'], /--listen "here" must be an address and a port/],
    [['server', '--pods-dir', '/tmp'], /--pods-dir is not a flag of podlog server/],
    [['agent', '--server', 'podlog:3100'], /--server "podlog:3100" must be an http/],
    [['server', '--listen', '0.0.0.0:0'], /--listen 0\.0\.0\.0 would let everyone.*--tokens-file.*--insecure-no-auth/],
    [['agent', 'now'], /"now" is not a flag/],
    [
      ['agent', '--multiline-start', '('],
      /--multiline-start "\(" is not a valid regular expression: missing closing \); .*\\\(/,
    ],
  ];
  test.each(table)('%j', async (args, line) => {
    const podlog = start(...args);
    expect(await complaint(podlog, 2)).toMatch(line);
    expect(podlog.stdout).toBe('');
  });
});

describe('a machine that is not as it should be ends it with 1 and one line', () => {
  test('the port is in use', async () => {
    const { port } = await startReadyServer();
    const second = start('server', '--data-dir', join(dir, 'other'), '--listen', `127.0.0.1:${port}`);
    expect(await complaint(second, 1)).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} is in use.*--listen`));
  });

  test('another podlog has the data folder', async () => {
    await startReadyServer();
    const second = start('server', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${await freePort()}`);
    expect(await complaint(second, 1)).toContain(`${join(dir, 'data')} is in use by another podlog`);
  });

  test('the data folder is of another version', async () => {
    const { server, port } = await startReadyServer();
    await endPodlog(server, 'SIGTERM');
    writeFileSync(join(dir, 'data', 'VERSION'), 'podlog data 99\n');
    const newer = start('server', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${port}`);
    expect(await complaint(newer, 1)).toMatch(/another version of podlog: "podlog data 99"/);
  });

  const file = (): string => {
    writeFileSync(join(dir, 'file'), '');
    return join(dir, 'file');
  };
  const loop = (): string => {
    symlinkSync(join(dir, 'loop'), join(dir, 'loop'));
    return join(dir, 'loop');
  };
  const folder = (): string => dir;
  const through = (): string => join(file(), 'x');
  const gone = (): string => join(dir, 'gone');
  const cases: [command: string, flag: string, path: () => string, reason: RegExp][] = [
    ['server', '--data-dir', file, /it is a file; name a folder/],
    ['server', '--data-dir', through, /its path leads through a file; correct the path/],
    ['server', '--data-dir', loop, /its symbolic links lead in a circle; correct them/],
    ['server', '--data-dir', () => join(dir, 'x'.repeat(300)), /its name is too long; shorten it/],
    ...['--rules', '--retention-rules', '--tokens-file', '--users-file', '--kubernetes'].flatMap(
      (flag): typeof cases => [
        ['server', flag, folder, /it is a folder; name a file/],
        ['server', flag, through, /its path leads through a file; correct the path/],
        ['server', flag, gone, /it does not exist; create it, or name another/],
      ],
    ),
    ['check', '--data-dir', file, /its path leads through a file; correct the path|it is a file; name a folder/],
    ['check', '--data-dir', through, /its path leads through a file; correct the path/],
    ['check', '--data-dir', loop, /its symbolic links lead in a circle; correct them/],
    ['agent', '--pods-dir', file, /is not a folder; give one with --pods-dir/],
    ['agent', '--pods-dir', loop, /its symbolic links lead in a circle; correct them/],
    ['forward', '--kubeconfig', folder, /it is a folder; name a file/],
  ];
  // What the kernel has in /proc cannot be added to, by nobody.
  if (existsSync('/proc/self')) {
    cases.push([
      'server',
      '--data-dir',
      () => '/proc/podlog/x',
      /\/proc\/podlog: nothing can be made there; name another/,
    ]);
  }
  test.each(cases)('podlog %s %s: %o', async (command, flag, makePath, reason) => {
    const path = makePath();
    const dataDir = command === 'server' && flag !== '--data-dir' ? ['--data-dir', join(dir, 'data')] : [];
    const listen = command === 'server' ? ['--listen', '127.0.0.1:0'] : [];
    const line = await complaint(start(command, flag, path, ...dataDir, ...listen), 1);
    expect(line).toContain(path);
    expect(line).toMatch(reason);
  });

  test('the token file of an agent is a folder', async () => {
    const agent = start('agent', '--pods-dir', dir, '--token-file', dir);
    expect(await complaint(agent, 1)).toContain(`the token file ${dir} cannot be read: it is a folder; name a file`);
  });

  test('there are no pod logs for an agent', async () => {
    const agent = start('agent', '--pods-dir', join(dir, 'pods'));
    expect(await complaint(agent, 1)).toContain(`${join(dir, 'pods')} does not exist`);
  });
});

describe('SIGTERM and SIGINT end it in order, with 0', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('podlog server, %s', async (signal) => {
    const { server } = await startReadyServer();
    expect(await endPodlog(server, signal)).toEqual({ code: 0, signal: null });
    expect(server.stderr).toBe('');
  });

  test('podlog server, while a client follows and another has only connected', async () => {
    const { server, port } = await startReadyServer();
    const silent = connect(port, '127.0.0.1').on('error', () => {});
    await once(silent, 'connect');
    const response = await fetch(`http://127.0.0.1:${port}/logs?follow=true`);
    expect(response.status).toBe(200);
    const rest = response.text();
    expect(await endPodlog(server, 'SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await rest).toBe('');
    silent.destroy();
  });

  test('podlog agent, without a server to drain to', async () => {
    mkdirSync(join(dir, 'pods'));
    const agent = start('agent', '--pods-dir', join(dir, 'pods'), '--server', `http://127.0.0.1:${await freePort()}`);
    await until('the agent to say something', WAIT_MS_MAX, () => agent.stdout.length > 0);
    expect(await endPodlog(agent, 'SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

test('with tokens: agents of this and of another process get in, only who has one reads', async () => {
  const lineOf = (pod: string, uid: string, text: string): void => {
    const container = join(dir, pod, `shop_${pod}_${uid}`, 'app');
    mkdirSync(container, { recursive: true });
    writeFileSync(join(container, '0.log'), `${new Date().toISOString()} stdout F ${text}\n`);
  };
  lineOf('near', '9a1c0f6e-0000-4000-8000-000000000001', 'from near');
  lineOf('far', '9a1c0f6e-0000-4000-8000-000000000002', 'from far');
  const [reading, sending] = ['reading-0123456789', 'sending-0123456789'];
  const tokens = [
    { name: 'r', token: reading, scopes: ['read'] },
    { name: 's', token: sending, scopes: ['agent'] },
  ];
  const [data, tokensFile, tokenFile] = [join(dir, 'data'), join(dir, 'tokens.yaml'), join(dir, 'token')];
  writeFileSync(tokensFile, JSON.stringify(tokens));
  writeFileSync(tokenFile, 'not-yet-the-right-one\n');
  const port = await freePort();
  const server = `127.0.0.1:${port}`;
  const pods = (name: string): string[] => ['--pods-dir', join(dir, name)];
  const up = start('up', '--data-dir', data, '--listen', server, ...pods('near'), '--tokens-file', tokensFile);
  await serverReady(up, port);
  const agent = start('agent', ...pods('far'), '--server', `http://${server}`, '--token-file', tokenFile);
  const logs = (token: string): Promise<Response> =>
    fetch(`http://${server}/logs?format=raw&source=!audit`, { headers: { authorization: `Bearer ${token}` } });
  await until('the agent to say why', WAIT_MS_MAX, () => agent.stdout.includes('does not let this agent in'));
  writeFileSync(tokenFile, sending);
  // The agent may have come to wait 15 s between two attempts by now.
  const lines = await until('both lines', WAIT_MS_MAX, async () => {
    const found = (await (await logs(reading)).text()).split('\n').slice(0, -1);
    return found.length === 2 && found;
  });
  expect(lines.toSorted()).toEqual(['from far', 'from near']);
  expect((await logs(sending)).status).toBe(403);
  expect((await fetch(`http://${server}/logs`)).status).toBe(401);
  expect(up.stderr).toContain(`curl -u "any:$TOKEN" 'http://${server}/logs?`);
  const said = up.stdout + up.stderr + agent.stdout + agent.stderr;
  for (const { token } of tokens) expect(said).not.toContain(token);
  expect(said).not.toContain('not-yet-the-right-one');
});

// Where kubelet runs, `podlog up` reads its pods instead.
describe.skipIf(existsSync('/var/log/pods'))('podlog up without pods', () => {
  test('plays a sample workload and prints three queries that have answers', async () => {
    const port = await freePort();
    const up = start('up', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${port}`);
    const urls = await until('the queries', WAIT_MS_MAX, () => {
      const found = [...up.stderr.matchAll(/^ +curl '([^']+)'$/gm)].map((match) => match[1]!);
      return found.length >= 3 && found;
    });
    expect(urls).toHaveLength(3);
    for (const url of urls) {
      const text = await until(`lines at ${url}`, WAIT_MS_MAX, async () => {
        const response = await fetch(url);
        const answer = await response.text();
        if (!response.ok) throw new Error(answer);
        return answer.length > 0 && answer;
      });
      expect(text).toMatch(/(?:api|gateway|worker|redis|payments)/);
    }
    expect(await endPodlog(up, 'SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('reads the pods that it is given, and keeps their lines for the next start', async () => {
    const port = await freePort();
    const container = join(dir, 'pods', 'shop_alpha_9a1c0f6e-0000-4000-8000-000000000001', 'app');
    mkdirSync(container, { recursive: true });
    writeFileSync(join(container, '0.log'), `${new Date().toISOString()} stdout F {"user_id":7}\n`);
    const args = ['up', '--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${port}`];
    const answer = async (): Promise<string | false> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/logs?user_id=7&pod=alpha`)).text();
      return text.includes('"namespace":"shop"') && text;
    };
    const up = start(...args, '--pods-dir', join(dir, 'pods'));
    const first = await until('the line', WAIT_MS_MAX, answer);
    expect(await endPodlog(up, 'SIGTERM')).toEqual({ code: 0, signal: null });
    rmSync(container, { recursive: true });
    start(...args, '--pods-dir', join(dir, 'pods'));
    expect(await until('the line of a pod that is gone', WAIT_MS_MAX, answer)).toBe(first);
  });
});
