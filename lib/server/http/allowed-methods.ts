/** Which methods a path takes, without asking the router: it answers some of the others with 500 (TRACE), or with a page. */

const READ = ['GET', 'HEAD', 'OPTIONS'] as const;

/** Exact paths, or patterns with `*` for one segment, that take more or less than reading; test/e2e/doors.test.ts compares with app/. */
const OTHERS: readonly (readonly [pattern: RegExp, methods: readonly string[]])[] = [
  [/^\/v1\//, ['POST', 'OPTIONS']],
  [/^\/api\/(shares|store)$/, ['GET', 'HEAD', 'POST', 'OPTIONS']],
  [/^\/api\/shares\/[^/]+$/, ['GET', 'HEAD', 'DELETE', 'OPTIONS']],
  [/^\/sign(in|out)$/, ['GET', 'HEAD', 'POST', 'OPTIONS']],
];

/** Of any path, whether or not there is something: as an Allow header says it, in its order. */
export const allowedMethods = (path: string): readonly string[] =>
  OTHERS.find(([pattern]) => pattern.test(path))?.[1] ?? READ;
