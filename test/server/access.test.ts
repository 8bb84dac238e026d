import { describe, expect, it } from 'vitest';
import { type AccessRequest, createAccessRule, SESSION_COOKIE } from '../../lib/server/access.ts';
import { loadConfig } from '../../lib/server/config.ts';
import { routeLabel } from '../../lib/server/route-label.ts';
import { signInPage } from '../../lib/server/sign-in-page.ts';

const ask = (some: Partial<AccessRequest>): AccessRequest => ({
  method: 'GET',
  path: '/api/jobs',
  host: '127.0.0.1:3000',
  authorization: undefined,
  cookie: undefined,
  origin: undefined,
  ...some,
});

describe('without a token', () => {
  const rule = createAccessRule(null, ['xray.lan']);

  it.each([
    ['127.0.0.1:3000', 'allowed'],
    ['localhost', 'allowed'],
    ['[::1]:3000', 'allowed'],
    ['XRAY.lan:80', 'allowed'],
    ['rebound.example.com:3000', 'wrong-host'],
    ['127.0.0.1.example.com', 'wrong-host'],
    [undefined, 'wrong-host'],
  ])('host %s is %s', (host, expected) => {
    expect(rule.of(ask({ host }))).toBe(expected);
  });

  it('takes what programs send, and refuses what a page of another site sends', () => {
    const post = { method: 'POST', path: '/v1/events' };
    expect(rule.of(ask(post))).toBe('allowed');
    expect(rule.of(ask({ ...post, origin: 'http://127.0.0.1:3000' }))).toBe('allowed');
    expect(rule.of(ask({ ...post, origin: 'https://example.com' }))).toBe('wrong-origin');
    expect(rule.of(ask({ ...post, origin: 'null' }))).toBe('wrong-origin');
  });
});

describe('with a token', () => {
  const rule = createAccessRule('s3cret', []);

  it('takes the bearer token or the session cookie, and nothing else', () => {
    const session = rule.signIn('s3cret');
    expect(session).not.toBeNull();
    expect(rule.signIn('s3cre')).toBeNull();
    expect(rule.of(ask({ authorization: 'Bearer s3cret' }))).toBe('allowed');
    expect(rule.of(ask({ authorization: 'Bearer no' }))).toBe('unauthorized');
    expect(rule.of(ask({ cookie: `a=b; ${SESSION_COOKIE}=${session}` }))).toBe('allowed');
    expect(rule.of(ask({ cookie: `${SESSION_COOKIE}=s3cret` }))).toBe('unauthorized');
    expect(rule.of(ask({}))).toBe('unauthorized');
  });

  it('opens a share link to whoever has it, and only that', () => {
    const token = 'A'.repeat(22);
    expect(rule.of(ask({ path: `/s/${token}` }))).toBe('allowed');
    expect(rule.of(ask({ path: `/api/shares/${token}` }))).toBe('allowed');
    expect(rule.of(ask({ path: '/_next/static/chunks/a.js' }))).toBe('allowed');
    expect(rule.of(ask({ path: `/api/shares/${token}`, method: 'DELETE' }))).toBe('unauthorized');
    expect(rule.of(ask({ path: '/api/shares' }))).toBe('unauthorized');
    expect(rule.of(ask({ path: `/s/${token}/../jobs` }))).toBe('unauthorized');
  });

  it('names any host', () => {
    expect(rule.of(ask({ host: 'xray.example.com', authorization: 'Bearer s3cret' }))).toBe('allowed');
  });
});

it('needs a token on an address that others can reach', () => {
  expect(() => loadConfig({ HOST: '0.0.0.0', XRAY_CONFIG: '/nonexistent' })).toThrow(
    /HOST is "0.0.0.0".*XRAY_AUTH_TOKEN/,
  );
});

it('writes no path into the sign-in form that could leave it', () => {
  expect(signInPage('/jobs?cluster=a&v=1', false)).toContain('value="/jobs?cluster=a&amp;v=1"');
  expect(signInPage('//evil.example', false)).toContain('value="/"');
  expect(signInPage('/"><script>', true)).not.toContain('<script>');
});

it.each([
  ['/', '/'],
  ['/api/jobs/01000000/tasks/ab12', '/api/jobs/{id}/tasks/{id}'],
  ['/api/jobs/01000000/tasks/summary', '/api/jobs/{id}/tasks/summary'],
  ['/jobs/raysubmit_x/timeline', '/jobs/{id}/timeline'],
  ['/_next/static/chunks/x.js', '/_next'],
  ['/wp-admin/setup.php', 'other'],
  ['/api/../../etc/passwd', 'other'],
])('the route of %s is %s', (path, route) => {
  expect(routeLabel(path)).toBe(route);
});
