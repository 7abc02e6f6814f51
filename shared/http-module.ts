/**
 * Loads node:http or node:https. `import` of node:http would evaluate each of its exports and with them load undici,
 * which is 14 MB of RSS that no agent needs.
 */
export function httpModule(isTls: boolean): Pick<typeof import('node:http'), 'request' | 'Agent' | 'createServer'> {
  return process.getBuiltinModule(isTls ? 'node:https' : 'node:http');
}
