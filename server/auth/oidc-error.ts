/** Failures of signing in with an identity provider: the browser is led back to the page, which says what to do. */

/** Why a sign-in failed, as the page says it. */
export type OidcProblem = 'denied' | 'expired' | 'failed' | 'no-grant';

/** A sign-in failed; `message` is for the log. */
export class OidcError extends Error {
  readonly problem: OidcProblem;
  /** The path that was wanted. */
  readonly to: string;

  constructor(problem: OidcProblem, to: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OidcError';
    this.problem = problem;
    this.to = to;
  }
}
