/** The network policy controller that k3s has built in. */
import { goProgram } from '../go-program.ts';

export const KUBE_ROUTER = goProgram('github.com/cloudnativelabs/kube-router/v2/cmd/kube-router', '2.1.0');
