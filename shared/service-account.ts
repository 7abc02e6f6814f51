/** Where the kubelet mounts a pod's credentials for the Kubernetes API: its token, the cluster's CA, its namespace. */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';
