/** The manifests fit together and fit the command, whichever overlay is applied. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentName } from '../../cli/flag.ts';
import { FLAGS } from '../../cli/flags.ts';
import { PROXY_SECRET_HEADER } from '../../server/auth/forwarded-user.ts';
import { AUDIENCE } from '../../server/auth/reviewed-tokens.ts';
import { parseUsers } from '../../server/auth/users-file.ts';
import { readObjects } from './kustomize.ts';
import {
  containerOf,
  environmentOf,
  MANIFESTS,
  matches,
  ofKind,
  OVERLAYS,
  renderManifests,
  schemaErrors,
  workloadsOf,
} from './manifests.ts';

const FOLDERS = ['base', 'components/traefik', 'components/oidc', ...OVERLAYS.map((name) => `overlays/${name}`)];

test('there are overlays', () => {
  expect(OVERLAYS).toEqual(['k3s', 'plain']);
});

describe('the schemas of Kubernetes 1.34', () => {
  test.each(FOLDERS)('accept %s, and none of its files is left out', (folder) => {
    for (const manifest of renderManifests(folder)) expect(schemaErrors(manifest), manifest.metadata.name).toEqual([]);
    const path = join(MANIFESTS, folder);
    const files = readdirSync(path).filter((name) => name !== 'kustomization.yaml');
    const { resources } = parse(readFileSync(join(path, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    expect(resources.filter((name) => name.endsWith('.yaml')).toSorted()).toEqual(files.toSorted());
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
    const [server] = workloadsOf(renderManifests('base'));
    set(server, path, value);
    expect(schemaErrors(server).join('\n')).toMatch(error);
  });
});

test('the namespace is the one that they make, and no file sets its own', () => {
  const files = ['base', 'components/traefik', 'components/traefik-login', 'components/oidc'].flatMap((folder) =>
    readdirSync(join(MANIFESTS, folder)).map((name) => join(MANIFESTS, folder, name)),
  );
  const own = files.filter((file) => readObjects(file).some(({ metadata }) => metadata?.namespace !== undefined));
  expect(own).toEqual([]);
  const all = FOLDERS.flatMap((folder) => renderManifests(folder));
  const namespaces = ofKind(all, 'Namespace').map(({ metadata }) => metadata.name);
  const used = all.flatMap(({ metadata }) => metadata.namespace ?? []);
  expect(new Set(used)).toEqual(new Set(namespaces));
  expect(new Set(namespaces)).toEqual(new Set(['podlog']));
});

test('each overlay has the image of this version: imported on k3s, from a registry elsewhere', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const images = Object.fromEntries(
    OVERLAYS.map((name) => {
      const containers = workloadsOf(renderManifests(`overlays/${name}`)).map(containerOf);
      return [name, [...new Set(containers.map(({ image, imagePullPolicy }) => `${image} ${imagePullPolicy}`))]];
    }),
  );
  expect(images).toEqual({
    k3s: [`podlog:${version} Never`],
    // Without a policy: an image with a version is pulled when it is not there.
    plain: [`registry.example.com/podlog:${version} undefined`],
  });
});

test('an ingress leads to the service', () => {
  const [service] = ofKind(renderManifests('base'), 'Service');
  const ingresses = ofKind(renderManifests('components/traefik'), 'Ingress');
  const backends = ingresses.flatMap(({ spec }) => spec.rules).flatMap(({ http }) => http.paths);
  const port = { name: service!.spec.ports[0]!.name };
  expect(backends.map(({ backend }) => backend.service)).toEqual([{ name: service!.metadata.name, port }]);
});

test('the login of Traefik, the users file and the overlay in README fit together', async () => {
  const readme = readFileSync(join(MANIFESTS, 'README.md'), 'utf8');
  const middlewares = renderManifests('components/traefik-login') as unknown as {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: {
      readonly forwardAuth?: { readonly authResponseHeaders: readonly string[] };
      readonly headers?: { readonly customRequestHeaders: Readonly<Record<string, string>> };
    };
  }[];
  const [login, secret] = middlewares;
  const [, text = ''] = /users\.yaml <<END\n(.*?)\nEND/s.exec(readme) ?? [];
  const { forwardAuth } = await parseUsers(text.replace('$SECRET', 'secret-of-the-proxy-1'), 'users.yaml');
  const { userHeader, groupsHeader } = forwardAuth!;
  // Traefik removes from a request what is listed here, and nothing else.
  expect(login!.spec.forwardAuth?.authResponseHeaders.map((name) => name.toLowerCase())).toEqual([
    userHeader,
    groupsHeader,
  ]);
  expect(Object.keys(secret!.spec.headers!.customRequestHeaders)).toEqual([PROXY_SECRET_HEADER]);
  const names = middlewares.map(({ metadata: { name, namespace } }) => `${namespace}-${name}@kubernetescrd`);
  expect(readme).toContain(`value: ${names.join(',')}\n`);
});

describe.each(OVERLAYS)('%s', (overlay) => {
  const manifests = renderManifests(`overlays/${overlay}`);
  const workloads = workloadsOf(manifests);
  const [server, agent] = workloads;
  const serverContainer = containerOf(server);
  const agentContainer = containerOf(agent);
  const [service, ...services] = ofKind(manifests, 'Service');
  const namesOf = (kind: Parameters<typeof ofKind>[1]) => ofKind(manifests, kind).map(({ metadata }) => metadata.name);

  test('the service selects the server alone, by a port that it has, ready or not', () => {
    expect(services).toEqual([]);
    const { selector, ports, publishNotReadyAddresses } = service!.spec;
    const selected = workloads.filter(({ spec }) => matches(spec.template.metadata.labels, { matchLabels: selector }));
    expect(selected).toEqual([server]);
    expect(server.spec.serviceName).toBe(service!.metadata.name);
    const names = serverContainer.ports!.map(({ name }) => name);
    for (const { targetPort } of ports) expect(names).toContain(targetPort);
    // A server on a full disk is not ready, and queries go on.
    expect(publishNotReadyAddresses).toBe(true);
  });

  test('agents ask for the service by its name and port', () => {
    const url = `http://${service!.metadata.name}:${service!.spec.ports[0]!.port}`;
    expect(environmentOf(agentContainer).get('PODLOG_SERVER')).toBe(url);
  });

  test.each(workloads.map(({ metadata, spec }) => ({ name: metadata.name, spec })))('$name', ({ spec }) => {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
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
    expect(namesOf('PriorityClass')).toContain(pod.priorityClassName);
    expect(namesOf('ServiceAccount')).toContain(pod.serviceAccountName);
    // The image is of Linux.
    expect(pod.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
  });

  test('every node has an agent, and a rollout ends the old one before it starts the new one', () => {
    expect(agent.spec.template.spec.tolerations).toEqual([{ operator: 'Exists' }]);
    expect(agent.spec.updateStrategy?.rollingUpdate).toEqual({ maxUnavailable: '10%', maxSurge: 0 });
    expect(agent.spec.minReadySeconds).toBeGreaterThan(0);
  });

  test('a drain of the node of the server goes through, whatever state it is in', () => {
    const budgets = ofKind(manifests, 'PodDisruptionBudget').map(({ spec }) => spec);
    const selector = server.spec.selector;
    expect(budgets).toEqual([{ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector }]);
    // A server that does not become ready is replaced by a corrected one all the same.
    expect(server.spec).toMatchObject({ replicas: 1, podManagementPolicy: 'Parallel' });
  });

  test.each([serverContainer, agentContainer].map((container) => ({ name: container.name, container })))(
    'the $name fits the command',
    ({ container }) => {
      const [command] = container.args;
      const flags = FLAGS.filter(({ commands }) => commands.some((name) => name === command));
      expect(container.args).toHaveLength(1);
      expect(flags.length).toBeGreaterThan(0);
      for (const { name, value } of container.env) {
        const flag = flags.find((candidate) => environmentName(candidate) === name);
        expect(flag, `${name} is no variable of podlog ${command}`).toBeDefined();
        if (value !== undefined) expect(() => flag!.parse(value)).not.toThrow();
      }
    },
  );

  test('what listens is what is declared', () => {
    const listening = [
      [serverContainer, 'PODLOG_LISTEN'],
      [agentContainer, 'PODLOG_METRICS_LISTEN'],
    ] as const;
    for (const [container, variable] of listening) {
      const ports = container.ports?.map(({ containerPort }) => `0.0.0.0:${containerPort}`);
      expect(ports).toEqual([environmentOf(container).get(variable)]);
    }
  });

  test('the folders are those that are mounted', () => {
    const [ofServer, ofAgent] = [environmentOf(serverContainer), environmentOf(agentContainer)];
    expect(serverContainer.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      dirname(ofServer.get('PODLOG_TOKENS_FILE')!),
      ofServer.get('PODLOG_DATA_DIR'),
    ]);
    expect(agentContainer.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      ofAgent.get('PODLOG_PODS_DIR'),
      dirname(ofAgent.get('PODLOG_TOKEN_FILE')!),
    ]);
  });

  test("an agent's token is for the server, which takes those of its account", () => {
    const pod = agent.spec.template.spec;
    const tokens = pod.volumes!.flatMap(({ projected }) => projected?.sources ?? []);
    const path = basename(environmentOf(agentContainer).get('PODLOG_TOKEN_FILE')!);
    expect(tokens).toMatchObject([{ serviceAccountToken: { path, audience: AUDIENCE } }]);
    expect(environmentOf(serverContainer).get('PODLOG_AGENT_ACCOUNTS')).toBe(pod.serviceAccountName);
  });
});

/** Sets, or with undefined deletes, the field at the path. */
function set(target: object, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length > 0) set(Reflect.get(target, name) as object, rest, value);
  else if (value === undefined) Reflect.deleteProperty(target, name);
  else Reflect.set(target, name, value);
}
