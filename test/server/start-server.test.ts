/** A server that cannot start leaves nothing open, whichever step fails; so the next start is like the first. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerOptions } from '../../server/main.ts';
import { WAIT_MS_MAX } from '../deadline.ts';
import { freePort } from '../free-port.ts';
import { startQuietServer } from './quiet-server.ts';

const USERS = 'forwardAuth: { proxies: [10.42.3.0/24] }\ngrants: [{ groups: [shop], scopes: [read] }]\n';

let folder: string;
let dataDir: string;
/** What every start opens before the step that fails. */
let given: Partial<ServerOptions>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-start-'));
  dataDir = join(folder, 'data');
  await mkdir(dataDir);
  const rulesPath = join(folder, 'rules.yaml');
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(rulesPath, 'exclude: [{ namespace: ci }]\n');
  await writeFile(tokensFile, '- { name: reader, token: 5f0c2b7e9d1a4c3f8e6b, scopes: [read] }\n');
  await writeFile(join(folder, 'users.yaml'), USERS);
  given = {
    rulesPath,
    access: { tokensFile, usersFile: join(folder, 'users.yaml') },
    kubernetes: { api: 'http://127.0.0.1:1', podLabels: [] },
  };
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What is open: kind → how often. Work of the file system ends by itself. Watches do not keep a process alive. */
function openResources(): ReadonlyMap<string, number> {
  const kinds = process.getActiveResourcesInfo().filter((kind) => !/^FSReq|^Immediate|^CloseReq/.test(kind));
  const all = [...kinds, ...inotifyWatches()];
  return new Map(Object.entries(Object.groupBy(all, (kind) => kind)).map(([kind, same]) => [kind, same!.length]));
}

function inotifyWatches(): string[] {
  return readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    const info = existsSync(`/proc/self/fdinfo/${fd}`) ? readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8') : '';
    return info.match(/^inotify(?= wd:)/gm) ?? [];
  });
}

/** Waits until nothing is open that was not before; `eventually` would open timers of its own. Returns what is left. */
async function openedSince(before: ReadonlyMap<string, number>): Promise<string[]> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const added = [...openResources()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (added.length === 0 || performance.now() > deadlineMs) return added.map(([kind]) => kind);
    await setImmediate();
  }
}

interface Failure {
  readonly step: string;
  readonly message: RegExp;
  /** What is wrong; returns what mends it. */
  readonly arrange: () => Promise<{ readonly options: Partial<ServerOptions>; readonly mend: () => Promise<void> }>;
}

const options = (changes: () => Partial<ServerOptions>): Failure['arrange'] => {
  return () => Promise.resolve({ options: changes(), mend: async () => {} });
};

test.each<Failure>([
  {
    step: 'the rules',
    message: /the rules file .* cannot be read/,
    arrange: options(() => ({ rulesPath: join(folder, 'none.yaml') })),
  },
  {
    step: 'the tokens',
    message: /the tokens file .* cannot be read/,
    arrange: options(() => ({ access: { tokensFile: join(folder, 'none.yaml') } })),
  },
  {
    step: 'the users',
    message: /the users file .* cannot be read/,
    arrange: options(() => ({ access: { ...given.access, usersFile: join(folder, 'none.yaml') } })),
  },
  {
    step: 'the cluster',
    message: /in-cluster works in a pod only/,
    arrange: options(() => ({ kubernetes: { api: 'in-cluster', podLabels: [] } })),
  },
  {
    step: 'the retention rules',
    message: /the retention rules .* cannot be read/,
    arrange: options(() => ({ retentionRulesPath: join(folder, 'none.yaml') })),
  },
  {
    step: 'the version of the data folder',
    message: /podlog data 999/,
    arrange: async () => {
      await writeFile(join(dataDir, 'VERSION'), 'podlog data 999\n');
      return { options: {}, mend: () => rm(join(dataDir, 'VERSION')) };
    },
  },
  {
    step: 'a folder inside the data folder',
    message: /snapshots is a file, where podlog has a folder of its own/,
    arrange: async () => {
      await (await startQuietServer(dataDir)).close();
      await writeFile(join(dataDir, 'snapshots'), '');
      return { options: {}, mend: () => rm(join(dataDir, 'snapshots')) };
    },
  },
  {
    step: 'one of several tenants',
    message: /podlog data 999/,
    arrange: async () => {
      const first = await startQuietServer(dataDir, { tenantsMax: 2 });
      for (const name of ['bank', 'shop']) {
        const init = { method: 'POST', headers: { 'x-scope-orgid': name }, body: 'a line\n' };
        expect((await fetch(`${first.url}/ingest`, init)).status).toBe(200);
      }
      await first.close();
      const version = join(dataDir, 'tenants', 'shop', 'VERSION');
      const right = await readFile(version);
      await writeFile(version, 'podlog data 999\n');
      return { options: { tenantsMax: 2 }, mend: () => writeFile(version, right) };
    },
  },
  {
    step: 'the lock of the data folder',
    message: /data folder/,
    arrange: async () => {
      const other = await startQuietServer(dataDir);
      return { options: {}, mend: () => other.close() };
    },
  },
  {
    step: 'the address',
    message: /is in use/,
    arrange: async () => {
      const taken = createServer();
      const port = await freePort();
      await new Promise<void>((resolve) => void taken.listen(port, '127.0.0.1', resolve));
      const mend = (): Promise<void> => new Promise((resolve) => void taken.close(() => resolve()));
      return { options: { listen: { host: '127.0.0.1', port } }, mend };
    },
  },
])('a start that fails at $step leaves nothing open', async ({ message, arrange }) => {
  const { options: wrong, mend } = await arrange();
  const before = openResources();
  await expect(startQuietServer(dataDir, { ...given, ...wrong })).rejects.toThrow(message);
  expect(await openedSince(before)).toEqual([]);
  await mend();
  const server = await startQuietServer(dataDir, given);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await server.close();
});
