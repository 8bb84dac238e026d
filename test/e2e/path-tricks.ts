/** How other readers of a path could be led to take one path for another. */

/** Paths that some reader takes for `path`, and another for something public; `share` is the token of a share that opens. */
export function pathTricks(path: string, port: number, share: string): string[] {
  const token = 'B'.repeat(22);
  const prefixes = [
    '/icon/..',
    '/icon.svg/..',
    '/favicon.ico/..',
    '/icon.svg/%2e%2e',
    '/_next/static/..%2f..',
    '/_next/static/%2e%2e/%2e%2e',
    '/_next/static/%252e%252e/%252e%252e',
    '/_next/static/..\\..',
    '/_next/static/..%5c..',
    `/s/${token}/..`,
    `/s/${token}/../..`,
    `/api/shares/${token}/%2e%2e/%2e%2e/..`,
    '/theme.js/..',
    '//icon.svg/..',
    '/.',
    '/%2e',
    '/%00/..',
    '//',
    '/;/..',
    '/icon.svg%2f..',
  ];
  const suffixes = [
    '/',
    '/.',
    '/..',
    '//',
    '%00',
    '%20',
    '.rsc',
    '.json',
    '.txt',
    ';.js',
    '%3f.js',
    '%23.js',
    '/icon.svg',
    '%2f',
  ];
  const queries = [`?nxtPtoken=${share}`, '?__nextDataReq=1', '?_rsc=1', '?/_next/static/', '?/../icon.svg'];
  return [
    ...prefixes.map((prefix) => prefix + path),
    ...suffixes.map((suffix) => path + suffix),
    ...queries.map((query) => path + query),
    `http://127.0.0.1:${port}${path}`,
    `http://127.0.0.1/icon.svg/..${path}`,
    path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    path.toUpperCase(),
    `/_next/data/build${path}.json`,
    `/_next/image?url=${encodeURIComponent(path)}&w=64&q=75`,
  ];
}
