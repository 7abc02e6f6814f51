import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assembleWorkingDir, imageConfig, readDockerfile, REPOSITORY } from './docker-image.ts';
import { renderManifests, workloadsOf } from './manifests.ts';

const instructions = readDockerfile();
const config = imageConfig(instructions);

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}
const packageJson = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as PackageJson;

describe('the Dockerfile', () => {
  test('copies what is there, and what .dockerignore lets through', () => {
    const allowed = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n');
    const sources = instructions
      .filter(({ keyword, rest }) => keyword === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(existsSync(join(REPOSITORY, source)), source).toBe(true);
      expect(allowed, source).toContain(`!${source}`);
    }
  });

  test('has the Node that is tested', () => {
    const bases = instructions.filter(({ keyword }) => keyword === 'FROM').map(({ rest }) => rest.split(' ')[0]);
    expect(new Set(bases)).toEqual(new Set([`node:${packageJson.dependencies['node']}-slim`]));
  });

  test('runs the server as the user whom its manifest names', () => {
    const [server] = workloadsOf(renderManifests('base'));
    const { runAsUser, runAsGroup } = server.spec.template.spec.securityContext;
    expect(config.user).toBe(`${runAsUser}:${runAsGroup}`);
    expect(config.command).toEqual(server.spec.template.spec.containers[0]!.args);
  });

  test('has podlog on the PATH, as the documents write the command', () => {
    expect(config.runs.map(({ command }) => command)).toContain('ln -s /podlog/cli/podlog.js /usr/local/bin/podlog');
    const dir = mkdtempSync(join(tmpdir(), 'podlog-path-'));
    try {
      symlinkSync(join(REPOSITORY, 'cli/podlog.js'), join(dir, 'podlog'));
      const env = { ...process.env, PATH: `${dir}:${dirname(process.execPath)}:${process.env['PATH']}` };
      expect(execFileSync('podlog', ['--version'], { env, encoding: 'utf8' })).toBe(`podlog ${packageJson.version}\n`);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('holds all that the command needs', () => {
    const dir = mkdtempSync(join(tmpdir(), 'podlog-image-'));
    try {
      assembleWorkingDir(dir, config);
      const [program, ...args] = config.entrypoint;
      expect(program).toBe('node');
      const run = (...argv: string[]) => execFileSync(process.execPath, argv, { cwd: dir, encoding: 'utf8' });
      expect(run(...args, '--version')).toBe(`podlog ${packageJson.version}\n`);
      // A module that is missing shows when it is imported, which each command does for itself.
      const imports = ['server', 'agent', 'up'].map((command) => `import './cli/${command}.ts';`);
      expect(run('--input-type=module', '--eval', `${imports.join('')} console.log('all there')`)).toBe('all there\n');
      for (const name of ['vitest', 'typescript']) expect(existsSync(join(dir, 'node_modules', name))).toBe(false);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
