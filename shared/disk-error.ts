/**
 * Distinguishes a failing disk from a bug and from bad data: an operation that failed because of the disk is worth
 * retrying, the others fail again.
 */
/** Error codes of the kernel; Node's own begin with `ERR_`. */
const KERNEL_CODE = /^E(?!RR_)[A-Z0-9]+$/;

/**
 * True for errors of the operating system (EIO, ENOSPC, EMFILE, …): they name the system call that failed, or have a
 * code of the kernel. Errors of podlog, zlib and Node itself have codes, too, but other ones.
 */
export function isDiskError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof syscall === 'string' || (typeof code === 'string' && KERNEL_CODE.test(code));
}
