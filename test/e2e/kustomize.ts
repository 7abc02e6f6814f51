/** The kustomize that kubectl has built in, as a program of its own. */
import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../manifests/kustomize.ts';
import { goProgram } from './go-program.ts';

export const KUSTOMIZE = goProgram('sigs.k8s.io/kustomize/kustomize/v5', '5.8.1');

/** The objects of a folder with a kustomization.yaml, in kustomize's own order. */
export function realKustomize(dir: string): KubernetesObject[] {
  const text = execFileSync(KUSTOMIZE.path, ['build', dir], { encoding: 'utf8' });
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}
