/** Where the kubelet puts what a pod may speak to the Kubernetes API with: its token, the cluster's CA, its namespace. */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';
