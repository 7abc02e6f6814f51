/**
 * The parts of the API's objects that are read, as they come over the wire: the client's own types, with times as text.
 */
import type { CoreV1Event } from '@kubernetes/client-node/dist/gen/models/CoreV1Event.js';
import type { V1ContainerStateTerminated } from '@kubernetes/client-node/dist/gen/models/V1ContainerStateTerminated.js';
import type { V1ContainerStatus } from '@kubernetes/client-node/dist/gen/models/V1ContainerStatus.js';
import type { V1ObjectMeta } from '@kubernetes/client-node/dist/gen/models/V1ObjectMeta.js';
import type { V1PodSpec } from '@kubernetes/client-node/dist/gen/models/V1PodSpec.js';
import type { V1PodStatus } from '@kubernetes/client-node/dist/gen/models/V1PodStatus.js';

/** The JSON form of a type. The API sends unknown times as null. */
type Json<T> = T extends Date
  ? string | null
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Json<T[Name]> }
      : T;

/** Every stored object has a name and a uid. */
export interface ApiObject {
  readonly metadata: Json<V1ObjectMeta> & { readonly name: string; readonly uid: string };
}

export type Terminated = Pick<
  Json<V1ContainerStateTerminated>,
  'exitCode' | 'signal' | 'reason' | 'message' | 'startedAt' | 'finishedAt'
>;

export interface ContainerState {
  readonly waiting?: object;
  readonly running?: object;
  readonly terminated?: Terminated;
}

export type ContainerStatus = Pick<Json<V1ContainerStatus>, 'name' | 'restartCount'> & {
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
};

interface ContainerSpec {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: { readonly cpu?: string; readonly memory?: string } };
  /** Set for init containers: `Always` for one that runs beside the others. */
  readonly restartPolicy?: string;
}

export interface PodObject extends ApiObject {
  readonly spec?: Pick<Json<V1PodSpec>, 'nodeName'> & {
    readonly initContainers?: readonly ContainerSpec[];
    readonly containers?: readonly ContainerSpec[];
  };
  readonly status?: Pick<Json<V1PodStatus>, 'phase' | 'reason' | 'message' | 'conditions'> & {
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}

export type EventObject = ApiObject & Partial<Omit<Json<CoreV1Event>, 'metadata'>>;

/**
 * Returns milliseconds since 1970, with their fraction; undefined for a time that is missing, null or in the year 1.
 */
export function epochMsOf(time: string | null | undefined): number | undefined {
  const epochMs = Date.parse(time ?? '');
  return epochMs > 0 ? epochMs : undefined;
}
