/** How long tests wait. A wait ends as soon as its condition holds, so long limits cost nothing, and a busy machine needs them. */

/** Limit of one wait for a condition. It is below the limits of tests and hooks, so that what was missing is reported. */
export const WAIT_MS_MAX = 50_000;

/** Limit of a `beforeEach`, `afterEach`, `beforeAll` or `afterAll`. */
export const HOOK_MS_MAX = 60_000;

/** Limit of a test, about a hundred times what most of them take. */
export const TEST_MS_MAX = 180_000;
