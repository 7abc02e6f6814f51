/** The kustomize that kubectl has built in, as a program of its own: built from its module, once for a machine. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../manifests/kustomize.ts';
import { findOnPath } from './images.ts';

const VERSION = '5.8.1';
const BUILT = join(homedir(), '.cache', 'podlog-test', `kustomize-${VERSION}`);
const PROGRAM = join(BUILT, 'kustomize');

/** Why this machine can't have it, or undefined when it can. */
export function kustomizeUnavailable(): string | undefined {
  return existsSync(PROGRAM) || findOnPath('go') !== undefined ? undefined : 'go not found, to build kustomize';
}

/** Seconds, the first time. */
export async function buildKustomize(): Promise<void> {
  if (existsSync(PROGRAM)) return;
  mkdirSync(BUILT, { recursive: true });
  const env = { ...process.env, GOBIN: BUILT, GOFLAGS: '-buildvcs=false' };
  const args = ['install', `sigs.k8s.io/kustomize/kustomize/v5@v${VERSION}`];
  await promisify(execFile)('nice', ['-n', '19', findOnPath('go')!, ...args], { env });
}

/** The objects of a folder with a kustomization.yaml, in kustomize's own order. */
export function realKustomize(dir: string): KubernetesObject[] {
  const text = execFileSync(PROGRAM, ['build', dir], { encoding: 'utf8' });
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}
