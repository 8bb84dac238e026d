/** Which paths are of a route or page. */

/** Parameters in braces match one segment, everything else itself: `/api/%6aobs` is not `/api/jobs`. */
export const pathPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split(/\{(\w+)\}/)
      .map((part, i) => (i % 2 === 0 ? part.replace(/[.*+?^$()|[\]\\]/g, '\\$&') : `(?<${part}>[^/]+)`))
      .join('')}$`,
  );
