/** A Python environment with packages of PyPI, for clients in that language: in a folder of its own, and gone after the tests. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '../shared/system-error.ts';

const INSTALL_MS_MAX = 180_000;

export interface PythonVenv {
  /** Path of its interpreter; undefined where this machine can't have it. */
  readonly python: string | undefined;
  /** Why it can't. */
  readonly unavailable: string | undefined;
  remove(): Promise<void>;
}

/** @param requirements  path of a requirements file with exact versions */
export async function pythonVenv(requirements: string): Promise<PythonVenv> {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-python-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const python = join(folder, 'bin', 'python');
  const commands: readonly (readonly [why: string, command: string, args: readonly string[]])[] = [
    ['no Python with venv', 'python3', ['-m', 'venv', folder]],
    [
      'no packages of PyPI',
      python,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    ],
  ];
  for (const [why, command, args] of commands) {
    try {
      await promisify(execFile)(command, args, { timeout: INSTALL_MS_MAX });
    } catch (error) {
      await remove();
      const { stderr = '' } = error as { readonly stderr?: string };
      const reason = stderr.trim().split('\n').at(-1) || reasonOf(error);
      return { python: undefined, unavailable: `${why}: ${reason}`, remove };
    }
  }
  return { python, unavailable: undefined, remove };
}
