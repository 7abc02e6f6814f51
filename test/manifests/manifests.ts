/**
 * The manifests as a cluster gets them, with the types that tests look at, and the Kubernetes schemas. What a cluster
 * would find out only when it runs the pods, names that refer to each other, is for the tests beside this file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { kustomize } from './kustomize.ts';

export const MANIFESTS = fileURLToPath(new URL('../../manifests/', import.meta.url));
/** What is applied: a folder each. */
export const OVERLAYS: readonly string[] = readdirSync(`${MANIFESTS}overlays`);

export interface KeyValue {
  readonly name: string;
  readonly value?: string;
}

/** The parts of a container that the tests look at. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly args: readonly string[];
  readonly env: readonly KeyValue[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext: {
    readonly readOnlyRootFilesystem?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly runAsUser?: number;
    readonly runAsNonRoot?: boolean;
    readonly privileged?: boolean;
    readonly procMount?: string;
    readonly seccompProfile?: { readonly type: string };
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

export interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly secret?: { readonly secretName: string; readonly optional?: boolean };
  readonly projected?: {
    readonly sources: readonly {
      readonly serviceAccountToken?: { readonly path: string; readonly audience?: string };
    }[];
  };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly hostIPC?: boolean;
    readonly nodeSelector?: Labels;
    readonly tolerations?: readonly object[];
    readonly volumes?: readonly Volume[];
    readonly serviceAccountName: string;
    readonly priorityClassName?: string;
    readonly automountServiceAccountToken?: boolean;
    readonly enableServiceLinks?: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: {
      readonly runAsUser?: number;
      readonly runAsGroup?: number;
      readonly runAsNonRoot?: boolean;
      readonly fsGroup?: number;
      readonly seccompProfile?: { readonly type: string };
    };
  };
}

export type Labels = Readonly<Record<string, string>>;

interface Resource<Kind extends string, Spec> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Spec;
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly podManagementPolicy?: string;
  readonly updateStrategy?: {
    readonly rollingUpdate?: { readonly maxUnavailable?: string; readonly maxSurge?: number };
  };
  readonly selector: { readonly matchLabels: Labels };
  readonly template: PodTemplate;
  readonly serviceName?: string;
  readonly volumeClaimTemplates?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
  }[];
}

export type Manifest =
  | Resource<'Namespace', undefined>
  | Resource<'PriorityClass', undefined>
  | Resource<'ServiceAccount', undefined>
  | ClusterRole
  | ClusterRoleBinding
  | Resource<'Service', ServiceSpec>
  | Resource<'PodDisruptionBudget', DisruptionBudgetSpec>
  | Resource<'NetworkPolicy', NetworkPolicySpec>
  | Resource<'Ingress', IngressSpec>
  | Resource<'StatefulSet', WorkloadSpec>
  | Resource<'DaemonSet', WorkloadSpec>;

interface ClusterRole extends Resource<'ClusterRole', undefined> {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

interface ClusterRoleBinding extends Resource<'ClusterRoleBinding', undefined> {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

interface ServiceSpec {
  readonly selector: Labels;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
  readonly publishNotReadyAddresses?: boolean;
}

interface DisruptionBudgetSpec {
  readonly maxUnavailable: number;
  readonly unhealthyPodEvictionPolicy?: string;
  readonly selector: Selector;
}

export interface Selector {
  readonly matchLabels?: Labels;
}

export interface NetworkPolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly ('Ingress' | 'Egress')[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
}

/** All that it names must hold; without a namespaceSelector, pods of the policy's own namespace. */
export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}

export interface PolicyPort {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

interface IngressSpec {
  readonly rules: readonly {
    readonly host: string;
    readonly http: { readonly paths: readonly { readonly backend: { readonly service: IngressBackend } }[] };
  }[];
}

interface IngressBackend {
  readonly name: string;
  readonly port: { readonly name: string };
}

/** What a folder of manifests/ asks of a cluster. The types hold once `schemaErrors` has found nothing. */
export function renderManifests(folder: string): Manifest[] {
  return kustomize(MANIFESTS + folder) as unknown as Manifest[];
}

export type Workload = Extract<Manifest, { kind: 'StatefulSet' | 'DaemonSet' }>;

export function ofKind<Kind extends Manifest['kind']>(
  manifests: readonly Manifest[],
  kind: Kind,
): Extract<Manifest, { kind: Kind }>[] {
  return manifests.filter((manifest): manifest is Extract<Manifest, { kind: Kind }> => manifest.kind === kind);
}

/** The server, then the agent. */
export function workloadsOf(manifests: readonly Manifest[]): [server: Workload, agent: Workload] {
  const [server, ...servers] = ofKind(manifests, 'StatefulSet');
  const [agent, ...agents] = ofKind(manifests, 'DaemonSet');
  if (server === undefined || agent === undefined || servers.length + agents.length > 0) {
    throw new Error('one StatefulSet and one DaemonSet are expected');
  }
  return [server, agent];
}

/** The one container of a workload. */
export function containerOf({ metadata, spec }: Workload): Container {
  const { containers, initContainers = [] } = spec.template.spec;
  if (containers.length + initContainers.length !== 1) throw new Error(`${metadata.name} has several containers`);
  return containers[0]!;
}

/** The variables of a container; undefined where the cluster fills one in. */
export function environmentOf({ env }: Container): ReadonlyMap<string, string | undefined> {
  return new Map(env.map(({ name, value }) => [name, value]));
}

export function matches(labels: Labels, { matchLabels = {} }: Selector): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

const schemas = JSON.parse(readFileSync(new URL('kubernetes-1.34-schemas.json', import.meta.url), 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true }).addSchema(schemas, 'kubernetes');

const DEFINITIONS: Readonly<Record<string, string>> = {
  'v1 Namespace': 'io.k8s.api.core.v1.Namespace',
  'v1 Service': 'io.k8s.api.core.v1.Service',
  'v1 ServiceAccount': 'io.k8s.api.core.v1.ServiceAccount',
  'networking.k8s.io/v1 Ingress': 'io.k8s.api.networking.v1.Ingress',
  'networking.k8s.io/v1 NetworkPolicy': 'io.k8s.api.networking.v1.NetworkPolicy',
  'policy/v1 PodDisruptionBudget': 'io.k8s.api.policy.v1.PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1 ClusterRole': 'io.k8s.api.rbac.v1.ClusterRole',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'apps/v1 DaemonSet': 'io.k8s.api.apps.v1.DaemonSet',
  'apps/v1 StatefulSet': 'io.k8s.api.apps.v1.StatefulSet',
  'scheduling.k8s.io/v1 PriorityClass': 'io.k8s.api.scheduling.v1.PriorityClass',
};

/** What Kubernetes' API server would refuse about the resource's shape; unknown fields among it. */
export function schemaErrors(resource: unknown): string[] {
  const { apiVersion, kind } = resource as { apiVersion?: unknown; kind?: unknown };
  const definition = DEFINITIONS[`${String(apiVersion)} ${String(kind)}`];
  if (definition === undefined) return [`no schema of ${String(apiVersion)} ${String(kind)}`];
  const validate: ValidateFunction = ajv.getSchema(`kubernetes#/definitions/${definition}`)!;
  validate(resource);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`;
  });
}
