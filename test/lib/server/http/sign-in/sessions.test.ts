import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createSessions, SESSION_S, sessionCookie } from '../../../../../lib/server/http/sign-in/sessions.ts';

const folder = mkdtempSync(join(tmpdir(), 'xray-sessions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('signs sessions that are all different, end by themselves, and end with the token', () => {
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const sessions = createSessions('token', null, () => clock.ms);
  const value = sessions.open();
  expect(sessions.open()).not.toBe(value);
  expect(sessions.holds(value)).toBe(true);
  expect(createSessions('token', null, () => clock.ms).holds(value)).toBe(true);
  expect(createSessions('other', null, () => clock.ms).holds(value)).toBe(false);
  const [, issued, id, mac] = value.split('.');
  const later = (Number.parseInt(issued ?? '', 36) + 1).toString(36);
  for (const forged of [`v1.${later}.${id}.${mac}`, `v1.${issued}.${'A'.repeat(22)}.${mac}`, `${value}x`, '', 'token'])
    expect(sessions.holds(forged)).toBe(false);
  clock.ms += SESSION_S * 1000 - 1;
  expect(sessions.holds(value)).toBe(true);
  clock.ms += 1001;
  expect(sessions.holds(value)).toBe(false);
});

it('remembers what ended through a restart, readable by nobody else, and forgets what would have expired', async () => {
  const file = join(folder, 'signed-out.json');
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const open = () => createSessions('token', file, () => clock.ms);
  const sessions = open();
  const [value, other] = [sessions.open(), sessions.open()];
  await sessions.end(value);
  expect(sessions.holds(value)).toBe(false);
  expect(open().holds(value)).toBe(false);
  expect(open().holds(other)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await sessions.end('v1.a.forged.x');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(1);
  clock.ms += SESSION_S * 1000;
  const fresh = sessions.open();
  await sessions.end(fresh);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(1);
  writeFileSync(file, '{"damaged":');
  expect(open().holds(other)).toBe(false); // expired by now; a damaged file throws nothing
});

it('asks for TLS where there is TLS', () => {
  expect(sessionCookie('v', true)).toMatch(/^__Host-xray-session=v; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/);
  expect(sessionCookie('v', false)).toMatch(/^xray-session=v; (?!.*Secure)/);
});
