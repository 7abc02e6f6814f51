/** The package has no types of its own. */
declare module 'snappyjs' {
  export function compress(bytes: Uint8Array): Uint8Array;
  export function uncompress(block: Uint8Array, sizeBytesMax?: number): Uint8Array;
}
