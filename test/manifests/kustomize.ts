/**
 * What `kubectl kustomize` makes of a folder, for tests that need nothing but npm: of kustomize it knows what manifests/
 * uses, and refuses the rest, so that a test can't pass on what it has not understood. That it gives what kustomize
 * itself does is for test/e2e/overlays.e2e.test.ts to say.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/** A Kubernetes object, not yet checked. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly Patch[];
  readonly namespace?: string;
  readonly labels?: readonly { readonly pairs: Readonly<Record<string, string>> }[];
  readonly images?: readonly Image[];
}

/** `patch` is a JSON patch (RFC 6902) as YAML. */
interface Patch {
  readonly target: { readonly kind: string; readonly name: string };
  readonly patch: string;
}

interface Image {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
}

const KNOWN: readonly string[] = ['apiVersion', 'kind', 'resources', 'patches', 'namespace', 'labels', 'images'];
const OF_THE_CLUSTER: readonly string[] = ['Namespace', 'PriorityClass', 'ClusterRole', 'ClusterRoleBinding'];

/** The objects of a folder with a kustomization.yaml, in the order in which it names them. */
export function kustomize(dir: string): KubernetesObject[] {
  const kustomization = readKustomization(dir);
  const objects = kustomization.resources.flatMap((path) => resources(join(dir, path)));
  for (const patch of kustomization.patches ?? []) applyTo(objects, patch);
  if (kustomization.namespace !== undefined) setNamespace(objects, kustomization.namespace);
  for (const { metadata } of objects) {
    for (const { pairs } of kustomization.labels ?? []) metadata.labels = { ...metadata.labels, ...pairs };
  }
  for (const image of kustomization.images ?? []) setImage(objects, image);
  return objects;
}

function readKustomization(dir: string): Kustomization {
  const kustomization = parse(readFileSync(join(dir, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((field) => !KNOWN.includes(field));
  if (unknown.length > 0) throw new Error(`${dir} uses what is not understood here: ${unknown.join(', ')}`);
  return kustomization;
}

function resources(path: string): KubernetesObject[] {
  return path.endsWith('.yaml') ? readObjects(path) : kustomize(path);
}

/** The objects of one file. @throws  it is no YAML */
export function readObjects(path: string): KubernetesObject[] {
  const documents = parseAllDocuments(readFileSync(path, 'utf8'));
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length > 0) throw new AggregateError(errors, `${path} is not YAML`);
  return documents.map((document) => document.toJS() as KubernetesObject);
}

function setNamespace(objects: readonly KubernetesObject[], namespace: string): void {
  for (const object of objects) {
    if (object.kind === 'Namespace') object.metadata.name = namespace;
    else if (!OF_THE_CLUSTER.includes(object.kind)) object.metadata.namespace = namespace;
    const { subjects = [] } = object as { subjects?: { namespace?: string }[] };
    for (const subject of subjects) subject.namespace = namespace;
  }
}

interface Workload extends KubernetesObject {
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: { image: string }[] } } };
}

function setImage(objects: readonly Workload[], { name, newName, newTag }: Image): void {
  const containers = objects.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
  for (const container of containers) {
    const [, ownName, tag] = /^(.*?)(?::([^:/]+))?$/.exec(container.image)!;
    if (ownName !== name) continue;
    container.image = [newName ?? name, newTag ?? tag].filter((part) => part !== undefined).join(':');
  }
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value: unknown;
}

function applyTo(objects: readonly KubernetesObject[], { target, patch }: Patch): void {
  const targets = objects.filter(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
  if (targets.length === 0) throw new Error(`a patch is for a ${target.kind} ${target.name} that is not there`);
  for (const object of targets) {
    for (const operation of parse(patch) as Operation[]) addField(object, operation);
  }
}

function addField(object: object, { op, path, value }: Operation): void {
  const keys = path.split('/').slice(1);
  const field = keys.pop()!;
  const parent = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
  if (op !== 'add' || typeof parent !== 'object' || parent === null || Array.isArray(parent) || path.includes('~')) {
    throw new Error(`a patch that is not understood here: ${op} ${path}`);
  }
  Reflect.set(parent, field, value);
}
