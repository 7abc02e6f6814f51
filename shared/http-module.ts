/**
 * Loads node:http or node:https. `import` of node:http would evaluate each of its exports and with them load undici,
 * which is 14 MB of RSS that neither an agent nor a server needs.
 */
export function httpModule(isTls: boolean): Pick<typeof import('node:http'), 'request' | 'Agent' | 'createServer'> {
  return process.getBuiltinModule(isTls ? 'node:https' : 'node:http');
}

/** Returns the class of answers, loaded in the same way. */
export function responseClass(): typeof import('node:http').ServerResponse {
  return process.getBuiltinModule('node:http').ServerResponse;
}
