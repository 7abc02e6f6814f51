/**
 * Reads manifests/ as `kubectl apply -k` does, and knows the Kubernetes schemas. What a cluster would find out only
 * when it runs the pods, names that refer to each other, is for the test beside this file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

const MANIFESTS = fileURLToPath(new URL('../../manifests/', import.meta.url));

export interface KeyValue {
  readonly name: string;
  readonly value?: string;
}

/** The parts of a container that the tests look at. */
export interface Container {
  readonly name: string;
  readonly image: string;
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

type Labels = Readonly<Record<string, string>>;

interface Resource<Kind extends string, Spec> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Spec;
}

interface WorkloadSpec {
  readonly selector: { readonly matchLabels: Labels };
  readonly template: PodTemplate;
  readonly serviceName?: string;
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

export type Manifest =
  | Resource<'Namespace', undefined>
  | Resource<'PriorityClass', undefined>
  | Resource<'ServiceAccount', undefined>
  | ClusterRole
  | ClusterRoleBinding
  | Resource<'Service', { readonly selector: Labels; readonly ports: readonly ServicePort[] }>
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

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: string;
}

export interface Kustomization {
  readonly namespace: string;
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
}

export function manifestFiles(): string[] {
  return readdirSync(MANIFESTS).filter((name) => name.endsWith('.yaml'));
}

/** The resources of one file, as YAML has them: not yet checked. */
export function readResources(file: string): unknown[] {
  const documents = parseAllDocuments(readFileSync(MANIFESTS + file, 'utf8'));
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length > 0) throw new AggregateError(errors, `${file} is not YAML`);
  return documents.map((document) => document.toJS() as unknown);
}

export function readKustomization(): Kustomization {
  return parse(readFileSync(`${MANIFESTS}kustomization.yaml`, 'utf8')) as Kustomization;
}

/** Every resource that the kustomization lists. Their types hold once `schemaErrors` has found nothing. */
export function readManifests(): Manifest[] {
  return readKustomization().resources.flatMap((file) => readResources(file) as Manifest[]);
}

const schemas = JSON.parse(readFileSync(new URL('kubernetes-1.34-schemas.json', import.meta.url), 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true }).addSchema(schemas, 'kubernetes');

const DEFINITIONS: Readonly<Record<string, string>> = {
  'v1 Namespace': 'io.k8s.api.core.v1.Namespace',
  'v1 Service': 'io.k8s.api.core.v1.Service',
  'v1 ServiceAccount': 'io.k8s.api.core.v1.ServiceAccount',
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
