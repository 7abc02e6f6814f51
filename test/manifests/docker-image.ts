/**
 * What `docker build` makes of our Dockerfile, without Docker: the instructions of its last stage are read, and its
 * files are put together from this checkout. It understands the few instructions that the Dockerfile uses and refuses
 * any other, so that a test can't pass on a file that it has not understood.
 */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

export interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

export interface ImageConfig {
  readonly base: string;
  readonly workingDir: string;
  readonly env: readonly string[];
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** [sources…, destination], from the checkout. */
  readonly copies: readonly (readonly string[])[];
  /** Shell commands, all of them after the copies. */
  readonly runs: readonly { readonly command: string; readonly user: string; readonly env: readonly string[] }[];
}

/** All instructions, stage after stage. */
export function readDockerfile(): Instruction[] {
  const lines = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keyword: line.slice(0, line.indexOf(' ')), rest: line.slice(line.indexOf(' ') + 1) }));
}

/** The image that the last stage describes. */
export function imageConfig(instructions: readonly Instruction[]): ImageConfig {
  const last = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === 'FROM'));
  const config = { base: '', workingDir: '/', env: [] as string[], user: '0:0' };
  const copies: string[][] = [];
  const runs: ImageConfig['runs'][number][] = [];
  const commands = { ENTRYPOINT: [] as string[], CMD: [] as string[] };
  for (const { keyword, rest } of last) {
    switch (keyword) {
      case 'FROM':
        config.base = rest;
        break;
      case 'WORKDIR':
        config.workingDir = rest;
        break;
      case 'ENV':
        config.env.push(...rest.split(' '));
        break;
      case 'USER':
        config.user = rest;
        break;
      case 'COPY':
        if (runs.length > 0) throw new Error(`the Dockerfile copies after it has run something: ${rest}`);
        if (!rest.startsWith('--from=')) copies.push(rest.split(' '));
        break;
      case 'RUN':
        runs.push({ command: rest, user: config.user, env: [...config.env] });
        break;
      case 'ENTRYPOINT':
      case 'CMD':
        commands[keyword] = JSON.parse(rest) as string[];
        break;
      case 'VOLUME':
      case 'EXPOSE':
        break;
      default:
        throw new Error(`the Dockerfile has an instruction that is not understood here: ${keyword} ${rest}`);
    }
  }
  return { ...config, copies, runs, entrypoint: commands.ENTRYPOINT, command: commands.CMD };
}

/** Writes the image's working folder to `dir`: the copies, and the modules that its `npm ci` would install. */
export function assembleWorkingDir(dir: string, config: ImageConfig): void {
  for (const copy of config.copies) {
    const destination = copy.at(-1)!;
    for (const source of copy.slice(0, -1)) {
      const to = destination.endsWith('/') ? join(dir, destination, source) : join(dir, destination);
      cpSync(join(REPOSITORY, source), to, { recursive: true });
    }
  }
  for (const module of productionModules()) {
    mkdirSync(dirname(join(dir, module)), { recursive: true });
    cpSync(join(REPOSITORY, module), join(dir, module), { recursive: true });
  }
}

interface PackageLock {
  readonly packages: Readonly<
    Record<string, { readonly dev?: true; readonly optional?: true; readonly devOptional?: true }>
  >;
}

/** Folders of the modules that are neither for development alone nor optional. `node` is an empty shell in the image. */
function productionModules(): string[] {
  const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as PackageLock;
  return Object.entries(packages)
    .filter(([, { dev, optional, devOptional }]) => (dev ?? optional ?? devOptional) === undefined)
    .filter(([path]) => path !== '' && path !== 'node_modules/node')
    .map(([path]) => path);
}
