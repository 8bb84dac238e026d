import { describe, expect, it } from 'vitest';
import { type AccessRequest, createLocalAccess, createTokenAccess } from '../../../../lib/server/http/access.ts';
import { routeLabel } from '../../../../lib/server/http/route-label.ts';
import { createGuessThrottle } from '../../../../lib/server/http/sign-in/guess-throttle.ts';
import { createSessions, SECURE_SESSION_COOKIE, SESSION_COOKIE } from '../../../../lib/server/http/sign-in/sessions.ts';
import { signInPage } from '../../../../lib/server/http/sign-in/sign-in-page.ts';
import { loadConfig } from '../../../../lib/server/runtime/config.ts';

const ask = (some: Partial<AccessRequest>): AccessRequest => ({
  method: 'GET',
  path: '/api/jobs',
  host: '127.0.0.1:3000',
  authorization: undefined,
  cookie: undefined,
  origin: undefined,
  address: '192.0.2.1',
  ...some,
});

describe('without a token', () => {
  const rule = createLocalAccess(['xray.lan']);

  it.each([
    ['127.0.0.1:3000', 'allowed'],
    ['localhost', 'allowed'],
    ['[::1]:3000', 'allowed'],
    ['XRAY.lan:80', 'allowed'],
    ['rebound.example.com:3000', 'wrong-host'],
    ['127.0.0.1.example.com', 'wrong-host'],
    [undefined, 'wrong-host'],
  ])('host %s is %s', (host, expected) => {
    expect(rule.of(ask({ host })).is).toBe(expected);
  });

  it('takes what programs send, and refuses what a page of another site sends', () => {
    const post = { method: 'POST', path: '/v1/events' };
    expect(rule.of(ask(post)).is).toBe('allowed');
    expect(rule.of(ask({ ...post, origin: 'http://127.0.0.1:3000' })).is).toBe('allowed');
    expect(rule.of(ask({ ...post, origin: 'https://example.com' })).is).toBe('wrong-origin');
    expect(rule.of(ask({ ...post, origin: 'null' })).is).toBe('wrong-origin');
  });
});

describe('with a token', () => {
  const throttle = (perAddress: number) =>
    createGuessThrottle({ windowMs: 60_000, perAddress, global: 1000, provedTimes: 1, mostAddresses: 100 });
  const withToken = () =>
    createTokenAccess({
      token: 's3cret',
      ownToken: 'of-this-process',
      sessions: createSessions('s3cret', null),
      signInThrottle: throttle(3),
      bearerThrottle: throttle(5),
      isStatic: (path) => path === '/_next/static/chunks/a.js' || path === '/icon.svg',
    });
  const rule = withToken();
  const sessionOf = (token: string): string | null => {
    const result = rule.signIn(token, '192.0.2.9');
    return result.is === 'signed-in' ? result.session : null;
  };

  it('takes the bearer token or the session cookie, and nothing else', () => {
    const session = sessionOf('s3cret');
    expect(session).not.toBeNull();
    expect(sessionOf('s3cre')).toBeNull();
    expect(rule.of(ask({ authorization: 'Bearer s3cret' }))).toEqual({ is: 'allowed', by: 'bearer' });
    expect(rule.of(ask({ authorization: 'Bearer no' })).is).toBe('unauthorized');
    for (const name of [SESSION_COOKIE, SECURE_SESSION_COOKIE])
      expect(rule.of(ask({ cookie: `a=b; ${name}=${session}` }))).toEqual({ is: 'allowed', by: 'session' });
    expect(rule.of(ask({ cookie: `${SESSION_COOKIE}=of-somebody-else; ${SESSION_COOKIE}=${session}` })).is).toBe(
      'allowed',
    );
    expect(rule.of(ask({ cookie: `${SESSION_COOKIE}=s3cret` })).is).toBe('unauthorized');
    expect(rule.of(ask({})).is).toBe('unauthorized');
  });

  it('opens a share link to whoever has it, and only that', () => {
    const token = 'A'.repeat(22);
    const of = (path: string, method = 'GET') => rule.of(ask({ path, method })).is;
    expect(of(`/s/${token}`)).toBe('allowed');
    expect(of(`/api/shares/${token}`)).toBe('allowed');
    expect(of('/_next/static/chunks/a.js')).toBe('allowed');
    expect(of('/icon.svg')).toBe('allowed');
    expect(of(`/api/shares/${token}`, 'DELETE')).toBe('unauthorized');
    expect(of('/api/shares')).toBe('unauthorized');
    expect(of(`/s/${token}/../jobs`)).toBe('unauthorized');
  });

  it.each([
    '/icon',
    '/icon.svg/x',
    '/icons',
    '/theme.js',
    '/_next/static/',
    '/_next/static/chunks/b.js',
    '/_next/static/chunks/a.js.map',
    '/_next/data/x/s/AAAAAAAAAAAAAAAAAAAAAA.json',
    '/s/AAAAAAAAAAAAAAAAAAAAAA.rsc',
    '/s/AAAAAAAAAAAAAAAAAAAAAA/x',
    '/s',
  ])('does not open %s, which looks like something public', (path) => {
    expect(rule.of(ask({ path })).is).toBe('unauthorized');
  });

  it('ends a session for every holder of its cookie', async () => {
    const cookie = `${SESSION_COOKIE}=${sessionOf('s3cret')}`;
    const other = `${SESSION_COOKIE}=${sessionOf('s3cret')}`;
    expect(cookie).not.toBe(other);
    await rule.signOut(cookie);
    expect(rule.of(ask({ cookie })).is).toBe('unauthorized');
    expect(rule.of(ask({ cookie: other })).is).toBe('allowed');
  });

  it('hears no more guesses of an address that sent too many, and everybody else', () => {
    const guarded = withToken();
    const bearer = (token: string, address: string) =>
      guarded.of(ask({ authorization: `Bearer ${token}`, address })).is;
    for (let i = 0; i < 5; i++) expect(bearer(`guess-${i}`, '198.51.100.7')).toBe('unauthorized');
    expect(bearer('s3cret', '198.51.100.7')).toBe('throttled');
    expect(bearer('of-this-process', '198.51.100.7')).toBe('allowed');
    expect(bearer('s3cret', '198.51.100.8')).toBe('allowed');
    for (let i = 0; i < 3; i++) expect(guarded.signIn(`guess-${i}`, '198.51.100.8').is).toBe('wrong');
    expect(guarded.signIn('s3cret', '198.51.100.8').is).toBe('throttled');
    expect(guarded.signIn('s3cret', '198.51.100.7').is).toBe('signed-in');
  });

  it('names any host', () => {
    expect(rule.of(ask({ host: 'xray.example.com', authorization: 'Bearer s3cret' })).is).toBe('allowed');
  });
});

it('needs a token on an address that others can reach', () => {
  expect(() => loadConfig({ HOST: '0.0.0.0', XRAY_CONFIG: '/nonexistent' })).toThrow(
    /HOST is "0.0.0.0".*XRAY_AUTH_TOKEN/,
  );
});

it('writes no path into the sign-in form that could leave it', () => {
  const page = (path: string) => signInPage({ path, refusal: null, nonce: 'n' });
  expect(page('/jobs?cluster=a&v=1')).toContain('value="/jobs?cluster=a&amp;v=1"');
  for (const path of [
    '//evil.example',
    '/\\evil.example',
    '/%5cevil.example',
    '/\t/evil.example',
    'https://evil.example',
  ])
    expect(page(path)).toContain('name="path" value="/"');
  expect(page('/"><script>alert(1)</script>')).not.toContain('<script>alert');
  expect(page('/jobs?a="><script>alert(1)</script>')).not.toContain('<script>alert');
});

it.each([
  ['/', '/'],
  ['/api/jobs/01000000/tasks/ab12', '/api/jobs/{id}/tasks/{id}'],
  ['/api/jobs/01000000/tasks/summary', '/api/jobs/{id}/tasks/summary'],
  ['/jobs/raysubmit_x/timeline', '/jobs/{id}/timeline'],
  ['/_next/static/chunks/x.js', '/_next'],
  ['/signout', '/signout'],
  ['/wp-admin/setup.php', 'other'],
  ['/api/../../etc/passwd', 'other'],
])('the route of %s is %s', (path, route) => {
  expect(routeLabel(path)).toBe(route);
});
