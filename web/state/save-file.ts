/** Saves files of the reader's. */

/** A browser reads the file after the click. */
const REVOKE_MS = 60_000;

export function saveFile(name: string, parts: readonly (string | Blob)[]): void {
  const address = URL.createObjectURL(new Blob([...parts], { type: 'application/octet-stream' }));
  saveFrom(address, name);
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_MS);
}

/** Has the browser save what an address has. */
export function saveFrom(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}
