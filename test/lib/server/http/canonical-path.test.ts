import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget, returnPath } from '../../../../lib/server/http/canonical-path.ts';
import { loadConfig } from '../../../../lib/server/runtime/config.ts';

describe('one reading of a request target', () => {
  it.each([
    ['/', '/', ''],
    ['/jobs/01000000/timeline?sel=a:0&x=..%2f', '/jobs/01000000/timeline', '?sel=a:0&x=..%2f'],
    ['/clusters/my%20cluster', '/clusters/my%20cluster', ''],
    ['/clusters/gr%C3%B6%C3%9Fe', '/clusters/gr%C3%B6%C3%9Fe', ''],
    ['/jobs/a:b', '/jobs/a%3Ab', ''],
    ['/%61pi/%6aobs', '/api/jobs', ''],
    ['/clusters/100%25', '/clusters/100%25', ''],
    ['/clusters/v1.2..3', '/clusters/v1.2..3', ''],
  ])('%s is %s', (target, path, search) => {
    expect(canonicalTarget(target)).toEqual({ path, search, hasTrailingSlash: false });
  });

  it('tells a trailing slash apart', () => {
    expect(canonicalTarget('/jobs/?a=1')).toEqual({ path: '/jobs', search: '?a=1', hasTrailingSlash: true });
  });

  it.each([
    '',
    '*',
    'jobs',
    'http://127.0.0.1/api/jobs',
    '//evil.example/',
    '/a//b',
    '/jobs//',
    '/.',
    '/..',
    '/icon/../api/jobs',
    '/icon/./x',
    '/icon/%2e%2e/api/jobs',
    '/icon/.%2E/api/jobs',
    '/icon/%252e%252e/api/jobs',
    '/icon/%25252e%25252e/api/jobs',
    '/icon/%2525252525252e/x',
    '/icon\\..\\api',
    '/icon/..%5capi',
    '/icon/%5c..%5c',
    '/icon/%255c',
    '/icon%2fx',
    '/icon%252Fx',
    '/a%00b',
    '/a%0d%0ab',
    '/a%2500b',
    '/a%7f',
    '/a%c2%85',
    '/%ff',
    '/%',
    '/%2',
    '/%zz',
    '/%c0%ae%c0%ae/',
    '/a b',
    '/a\tb',
    '/a#b',
    '/größe',
    '/s/AAAAAAAAAAAAAAAAAAAAAA?nxtPtoken=x',
    '/jobs?nxtIslug=1',
    '/jobs?__nextDataReq=1',
    '/jobs?a=b#c',
  ])('refuses %j', (target) => {
    expect(canonicalTarget(target)).toMatchObject({ status: 400 });
  });

  it('refuses what is too long', () => {
    expect(canonicalTarget(`/${'a'.repeat(5000)}`)).toMatchObject({ status: 414 });
  });

  it('gives what no URL parser reads otherwise, for any pieces', () => {
    const piece = fc.constantFrom(
      ...['.', '..', '/', '\\', '%2e', '%2E', '%25', '%2f', '%5c', '%00', '%ff', '%', 'a', 's', 'api', 'icon.svg', ';'],
      ...[':', '@', '?', '&', '=', '%c3%b6', '%20', '[', '{', '~', '_next', 'static'],
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = canonicalTarget(`/${pieces.join('')}`);
        if ('status' in target) return;
        accepted++;
        const { path, search } = target;
        expect(canonicalTarget(path + search)).toEqual({ path, search, hasTrailingSlash: false });
        expect(new URL(`http://x${path}`).pathname).toBe(path);
        // A reader who decodes sees as many segments, and walks nowhere.
        expect(new URL(`http://x${decodeURIComponent(path).replace(/[?#]/g, '')}`).pathname.split('/').length).toBe(
          path.split('/').length,
        );
      }),
      { numRuns: 4_000, seed: 15 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

it.each(['team/prod', 'a\\b', '..', ''])('takes no cluster named %j, which no address could name', (name) => {
  const environment = { RAY_DASHBOARD_URL: 'http://127.0.0.1:8265', XRAY_CONFIG: '/nonexistent' };
  expect(() => loadConfig({ ...environment, XRAY_CLUSTER: name })).toThrow(/cannot stand in an address/);
  expect(loadConfig({ ...environment, XRAY_CLUSTER: 'größe 100%' }).clusters).toHaveLength(1);
});

describe('where a browser goes after signing in', () => {
  it.each([
    ['/jobs?cluster=a&v=1', '/jobs?cluster=a&v=1'],
    ['/clusters/my%20cluster', '/clusters/my%20cluster'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/%5cevil.example', '/'],
    ['/%2fevil.example', '/'],
    ['\\/evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\n/evil.example', '/'],
    ['/jobs\r\nset-cookie: a=b', '/'],
    ['/jobs?a=\r\nset-cookie: a=b', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/@evil.example', '/%40evil.example'],
    ['/signin', '/'],
    ['/signout', '/'],
    ['', '/'],
  ])('%j is %s', (option, path) => {
    expect(returnPath(option)).toBe(path);
  });
});
