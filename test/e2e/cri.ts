/**
 * A client of containerd's Container Runtime Interface, the API through which kubelet runs pods. Messages are plain
 * objects in the spelling of cri.proto; a field that is left out has its zero value.
 */
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const CALL_DEADLINE_MS = 30_000;
const RUNTIME = 'runtime.v1.RuntimeService';
const IMAGES = 'runtime.v1.ImageService';

type Empty = Readonly<Record<string, never>>;

interface NamespaceOptions {
  readonly network: 'POD' | 'NODE';
}

export interface SandboxConfig {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly attempt: number;
  };
  readonly log_directory: string;
  readonly linux: {
    readonly cgroup_parent: string;
    readonly security_context: { readonly namespace_options: NamespaceOptions };
  };
}

export interface SecurityContext {
  readonly capabilities?: {
    readonly add_capabilities: readonly string[];
    readonly drop_capabilities: readonly string[];
  };
  readonly namespace_options?: NamespaceOptions;
  readonly run_as_user?: { readonly value: number };
  readonly run_as_group?: { readonly value: number };
  readonly readonly_rootfs?: boolean;
  readonly no_new_privs?: boolean;
  /** An empty message is the runtime's default profile; without it the container is unconfined. */
  readonly seccomp?: Empty;
}

export interface Mount {
  readonly container_path: string;
  readonly host_path: string;
  readonly readonly: boolean;
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly image: { readonly image: string };
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly log_path: string;
  readonly linux: {
    readonly resources: { readonly memory_limit_in_bytes: number };
    readonly security_context: SecurityContext;
  };
}

export interface ContainerStatus {
  readonly state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';
  readonly exit_code: number;
}

interface ContainerId {
  readonly container_id: string;
}
interface SandboxId {
  readonly pod_sandbox_id: string;
}

/** Method → what it takes and gives. */
interface Calls {
  Version: { request: { readonly version: string }; response: { readonly runtime_version: string } };
  RunPodSandbox: { request: { readonly config: SandboxConfig }; response: SandboxId };
  StopPodSandbox: { request: SandboxId; response: Empty };
  RemovePodSandbox: { request: SandboxId; response: Empty };
  ListPodSandbox: { request: Empty; response: { readonly items: readonly { readonly id: string }[] } };
  CreateContainer: {
    request: SandboxId & { readonly config: ContainerConfig; readonly sandbox_config: SandboxConfig };
    response: ContainerId;
  };
  StartContainer: { request: ContainerId; response: Empty };
  /** `timeout` is in seconds: SIGTERM, then SIGKILL. */
  StopContainer: { request: ContainerId & { readonly timeout: number }; response: Empty };
  RemoveContainer: { request: ContainerId; response: Empty };
  ContainerStatus: { request: ContainerId; response: { readonly status: ContainerStatus } };
  ReopenContainerLog: { request: ContainerId; response: Empty };
  ImageStatus: {
    request: { readonly image: { readonly image: string } };
    response: { readonly image: { readonly id: string } | null };
  };
}

const definition = loadSync(fileURLToPath(new URL('cri.proto', import.meta.url)), {
  keepCase: true,
  enums: String,
  longs: Number,
  defaults: true,
});
const methods = { ...definition[RUNTIME], ...definition[IMAGES] } as ServiceDefinition;

export interface Cri {
  call<Method extends keyof Calls>(
    method: Method,
    request: Calls[Method]['request'],
  ): Promise<Calls[Method]['response']>;
  close(): void;
}

/** Connects lazily: the first call does it. */
export function connectCri(socket: string): Cri {
  const client = new Client(`unix://${socket}`, credentials.createInsecure());
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = methods[method]!;
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize as (bytes: Buffer) => Calls[typeof method]['response'],
          request,
          { deadline: Date.now() + CALL_DEADLINE_MS },
          (error, response) => {
            if (error !== null) reject(new Error(`${method}: ${error.message}`, { cause: error }));
            else resolve(response!);
          },
        );
      }),
    close: () => client.close(),
  };
}
