import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentName } from '../../cli/flag.ts';
import { FLAGS } from '../../cli/flags.ts';
import { AUDIENCE } from '../../server/auth/reviewed-tokens.ts';
import {
  manifestFiles,
  readKustomization,
  readManifests,
  readResources,
  schemaErrors,
  type Container,
  type Manifest,
  type PodTemplate,
} from './manifests.ts';

const manifests = readManifests();
const workloads = manifests.filter((manifest) => manifest.kind === 'StatefulSet' || manifest.kind === 'DaemonSet');
const services = manifests.filter((manifest) => manifest.kind === 'Service');
const containers = workloads.map(({ spec }): Container => spec.template.spec.containers[0]!);

describe('the schemas of Kubernetes 1.34', () => {
  const files = readKustomization().resources;
  test.each(files)('accept %s', (file) => {
    for (const resource of readResources(file)) expect(schemaErrors(resource)).toEqual([]);
  });

  const broken: [what: string, path: string[], value: unknown, error: RegExp][] = [
    ['an unknown field', ['spec', 'replica'], 1, /must NOT have additional properties.*"replica"/],
    ['an unknown field deep down', ['spec', 'template', 'spec', 'hostNetworks'], true, /additional.*"hostNetworks"/],
    ['a number as text', ['spec', 'replicas'], '1', /\/spec\/replicas must be integer/],
    ['a missing selector', ['spec', 'selector'], undefined, /\/spec must have required property 'selector'/],
    ['a list that is none', ['spec', 'template', 'spec', 'containers'], {}, /containers must be array/],
    ['another version', ['apiVersion'], 'apps/v1beta1', /no schema of apps\/v1beta1 StatefulSet/],
  ];
  test.each(broken)('refuse %s', (_, path, value, error) => {
    const copy = structuredClone(manifests.find(({ kind }) => kind === 'StatefulSet')!);
    expect(schemaErrors(copy)).toEqual([]);
    set(copy, path, value);
    expect(schemaErrors(copy).join('\n')).toMatch(error);
  });
});

describe('the manifests fit together', () => {
  test('the kustomization lists every file', () => {
    const files = manifestFiles().filter((name) => name !== 'kustomization.yaml');
    expect(new Set(readKustomization().resources)).toEqual(new Set(files));
  });

  test('the namespace is the one that they make, and none sets its own', () => {
    const namespaces = manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
    expect(namespaces).toEqual([readKustomization().namespace]);
    expect(manifests.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
  });

  test('the image is one that kustomize replaces, of the version that this is', () => {
    const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readKustomization().images).toEqual([{ name: 'podlog', newTag: packageJson.version }]);
    expect(new Set(containers.map(({ image }) => image))).toEqual(new Set(['podlog']));
  });

  test('selectors select their own pods', () => {
    for (const { spec } of workloads) expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  });

  test('the service selects the server alone, by a port that it has', () => {
    for (const { metadata, spec } of services) {
      const selected = workloads.filter((workload) => matches(workload.spec.template.metadata.labels, spec.selector));
      expect(selected.map((workload) => workload.metadata.name)).toEqual(['podlog-server']);
      expect(selected[0]?.spec.serviceName).toBe(metadata.name);
      const ports = selected[0]!.spec.template.spec.containers[0]!.ports!.map(({ name }) => name);
      for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort);
    }
  });

  test('agents ask for the service by its name and port', () => {
    const urls = services.map(({ metadata, spec }) => `http://${metadata.name}:${spec.ports[0]!.port}`);
    expect(urls).toEqual([environment(containerOf('agent')).get('PODLOG_SERVER')]);
  });

  test.each(workloads.map(({ metadata, spec }) => ({ name: metadata.name, spec })))('$name', ({ spec }) => {
    const pod = spec.template.spec;
    const container = pod.containers[0]!;
    const volumes = [
      ...(pod.volumes ?? []).map(({ name }) => name),
      ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
    ];
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(volumes);
    const ports = new Set(container.ports?.map(({ name }) => name));
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      if (probe !== undefined) expect(ports).toContain(probe.httpGet.port);
    }
    if (pod.priorityClassName !== undefined) expect(namesOf('PriorityClass')).toContain(pod.priorityClassName);
    expect(namesOf('ServiceAccount')).toContain(pod.serviceAccountName);
  });
});

describe('the manifests fit the command', () => {
  test.each(containers.map((container) => ({ name: container.name, container })))('$name', ({ container }) => {
    const [command] = container.args;
    const flags = FLAGS.filter(({ commands }) => commands.some((name) => name === command));
    expect(container.args).toHaveLength(1);
    expect(flags.length).toBeGreaterThan(0);
    for (const { name, value } of container.env) {
      const flag = flags.find((candidate) => environmentName(candidate) === name);
      expect(flag, `${name} is no variable of podlog ${command}`).toBeDefined();
      if (value !== undefined) expect(() => flag!.parse(value)).not.toThrow();
    }
  });

  test('what listens is what is declared', () => {
    const listening = [
      ['server', 'PODLOG_LISTEN'],
      ['agent', 'PODLOG_METRICS_LISTEN'],
    ] as const;
    for (const [name, variable] of listening) {
      const container = containerOf(name);
      const ports = container.ports?.map(({ containerPort }) => `0.0.0.0:${containerPort}`);
      expect(ports).toEqual([environment(container).get(variable)]);
    }
  });

  test('the folders are those that are mounted', () => {
    const mount = (container: Container) => container.volumeMounts.map(({ mountPath }) => mountPath);
    const folder = (name: string, variable: string) => environment(containerOf(name)).get(variable)!;
    expect(mount(containerOf('server'))).toEqual([
      dirname(folder('server', 'PODLOG_TOKENS_FILE')),
      folder('server', 'PODLOG_DATA_DIR'),
    ]);
    expect(mount(containerOf('agent'))).toEqual([
      folder('agent', 'PODLOG_PODS_DIR'),
      dirname(folder('agent', 'PODLOG_TOKEN_FILE')),
    ]);
  });

  test("an agent's token is for the server, which takes those of its account", () => {
    const agent = podOf('DaemonSet');
    const tokens = agent.volumes!.flatMap(({ projected }) => projected?.sources ?? []);
    const path = basename(environment(containerOf('agent')).get('PODLOG_TOKEN_FILE')!);
    expect(tokens).toMatchObject([{ serviceAccountToken: { path, audience: AUDIENCE } }]);
    const accounts = environment(containerOf('server')).get('PODLOG_AGENT_ACCOUNTS');
    expect(accounts).toBe(agent.serviceAccountName);
  });
});

describe('the pods may do no more than they must', () => {
  test('of the Kubernetes API, the server alone uses what its roles name, and that is all', () => {
    const roles = manifests.filter((manifest) => manifest.kind === 'ClusterRole');
    expect(roles.flatMap(({ rules }) => rules)).toEqual([
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list', 'watch'] },
    ]);
    const bindings = manifests.filter((manifest) => manifest.kind === 'ClusterRoleBinding');
    expect(bindings.map(({ roleRef }) => roleRef.name)).toEqual(roles.map(({ metadata }) => metadata.name));
    const server = podOf('StatefulSet');
    // kustomize adds the namespace only where there is none.
    const subject = { kind: 'ServiceAccount', name: server.serviceAccountName };
    for (const { subjects } of bindings) expect(subjects).toEqual([subject]);
    expect(server.automountServiceAccountToken).toBe(true);
    expect(podOf('DaemonSet').automountServiceAccountToken).toBe(false);
  });

  test.each(workloads.map(({ metadata, spec }) => ({ name: metadata.name, pod: spec.template.spec })))(
    '$name',
    ({ pod }) => {
      expect(pod.enableServiceLinks).toBe(false);
      expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
      expect(pod.containers).toHaveLength(1);
      const { securityContext, resources } = pod.containers[0]!;
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      expect(securityContext.capabilities?.drop).toEqual(['ALL']);
      expect(Object.keys(resources.requests)).toEqual(['cpu', 'memory']);
      expect(Object.keys(resources.limits)).toEqual(['memory']);
    },
  );

  test('the server is not root, the agent is, to read, and mounts the logs read-only', () => {
    expect(podOf('StatefulSet').securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    expect(containerOf('server').securityContext.capabilities?.add).toBeUndefined();
    expect(containerOf('agent').securityContext).toMatchObject({
      runAsUser: 0,
      capabilities: { add: ['DAC_READ_SEARCH'] },
    });
    expect(containerOf('agent').volumeMounts.map(({ readOnly }) => readOnly)).toEqual([true, true]);
  });
});

function podOf(kind: 'StatefulSet' | 'DaemonSet'): PodTemplate['spec'] {
  return workloads.find((workload) => workload.kind === kind)!.spec.template.spec;
}

function containerOf(name: string): Container {
  const container = containers.find((candidate) => candidate.name === name);
  if (container === undefined) throw new Error(`no container is named ${name}`);
  return container;
}

function environment(container: Container): Map<string, string | undefined> {
  return new Map(container.env.map(({ name, value }) => [name, value]));
}

function namesOf(kind: Manifest['kind']): string[] {
  return manifests.filter((manifest) => manifest.kind === kind).map(({ metadata }) => metadata.name);
}

function matches(labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/** Sets, or with undefined deletes, the field at the path. */
function set(target: object, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length > 0) set(Reflect.get(target, name) as object, rest, value);
  else if (value === undefined) Reflect.deleteProperty(target, name);
  else Reflect.set(target, name, value);
}
