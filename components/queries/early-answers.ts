/**
 * Answers that were asked for before the page's scripts were there (components/shell/before-paint.ts), each to be taken once. A page
 * that is opened by a link inside X-Ray has none.
 */
declare global {
  var earlyAnswers: Map<string, Promise<Response>> | undefined;
}

/** The answer to this address, when it was asked for early. */
export function takeEarly(path: string): Promise<Response> | undefined {
  const found = globalThis.earlyAnswers?.get(path);
  globalThis.earlyAnswers?.delete(path);
  return found;
}

/** The first early answer whose address begins so. */
export function takeEarlyLike(beginning: string): Promise<Response> | undefined {
  const path = [...(globalThis.earlyAnswers?.keys() ?? [])].find((each) => each.startsWith(beginning));
  return path === undefined ? undefined : takeEarly(path);
}
