/** `kubectl apply --server-side` of what kustomize has made. */
import type { KubernetesObject } from '../manifests/kustomize.ts';
import type { KubeApiServer } from './kube-apiserver.ts';

/** Kind → where its objects are; those of a namespace are below it. */
const RESOURCES: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  DaemonSet: 'daemonsets',
  Ingress: 'ingresses',
  Namespace: 'namespaces',
  NetworkPolicy: 'networkpolicies',
  PodDisruptionBudget: 'poddisruptionbudgets',
  PriorityClass: 'priorityclasses',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  StatefulSet: 'statefulsets',
};

export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): string {
  const resource = RESOURCES[kind];
  if (resource === undefined) throw new Error(`no path is known of ${kind}`);
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${resource}/${name}`;
}

/** Strict: an unknown or repeated field is an error, also in a version of Kubernetes that no schema here describes. */
export async function apply(api: KubeApiServer, objects: readonly KubernetesObject[]): Promise<void> {
  const parameters = new URLSearchParams({ fieldManager: 'podlog-test', fieldValidation: 'Strict', force: 'true' });
  for (const object of objects) await api.call('PATCH', `${pathOf(object)}?${parameters.toString()}`, object);
}
