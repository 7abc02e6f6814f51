/** Texts that a browser keeps for the server, signed so that it cannot change them. They are not secret to it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** @param purpose  a text that was signed for another one is refused */
export function signText(key: Uint8Array, purpose: string, text: string): string {
  const payload = Buffer.from(text).toString('base64url');
  return `${payload}.${macOf(key, purpose, payload).toString('base64url')}`;
}

/** Returns undefined where it was not signed with this key for this purpose. */
export function readSignedText(key: Uint8Array, purpose: string, signed: string): string | undefined {
  const [, payload, mac] = /^([\w-]+)\.([\w-]{43})$/.exec(signed) ?? [];
  if (payload === undefined) return undefined;
  const given = Buffer.from(mac!, 'base64url');
  const isOwn = given.length === MAC_BYTES && timingSafeEqual(given, macOf(key, purpose, payload));
  return isOwn ? Buffer.from(payload, 'base64url').toString() : undefined;
}

const MAC_BYTES = 32;

function macOf(key: Uint8Array, purpose: string, payload: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}.${payload}`).digest();
}
