/**
 * Explains an operating system's error about a path, and what to do about it, as the end of a sentence that names the
 * path: "/data cannot be used: its file system is read-only; …".
 */

/** Returns the code of an error, of the operating system, of Node or of podlog; undefined where it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @returns the error's own message when its code is not known here */
export function reasonOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'it does not exist; create it, or name another';
    case 'ENOTDIR':
      return 'its path leads through a file; correct the path';
    case 'EEXIST':
      return 'it is a file; name a folder';
    case 'EISDIR':
      return 'it is a folder; name a file';
    case 'EACCES':
    case 'EPERM':
      return `${userText()} may not use it; change its owner or its mode, or run as another user`;
    case 'EROFS':
      return 'its file system is read-only; mount it writable, or name another folder';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; make room, or lower --retention';
    case 'ELOOP':
      return 'its symbolic links lead in a circle; correct them';
    case 'ENAMETOOLONG':
      return 'its name is too long; shorten it';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; raise the limit (ulimit -n)';
    case 'EIO':
      return 'the disk fails; see the kernel log (dmesg)';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

export function userText(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this user' : uid === 0 ? 'root' : `the user ${uid}`;
}
