/**
 * What every answer tells browsers. Pages run scripts of this X-Ray and those inline scripts that carry the nonce of
 * their answer; nothing may come from, or go to, another origin.
 */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const NONCE_BYTES = 16;
/** Random bytes are drawn for 256 answers at once: by themselves 16 cost as much as the rest of a small answer. */
let drawn = Buffer.alloc(0);
let used = 0;

export function newNonce(): string {
  if (used === drawn.byteLength) {
    drawn = randomBytes(256 * NONCE_BYTES);
    used = 0;
  }
  used += NONCE_BYTES;
  return drawn.toString('base64', used - NONCE_BYTES, used);
}

/** Content-Security-Policy of a page. Style attributes are React's (`style={...}` in server-rendered HTML); they run no code. */
export const pagePolicy = (nonce: string): string =>
  [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Of scripts: a worker is bound by the policy that its own script came with. */
const SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/** Of every other answer: shown by itself it runs and loads nothing. */
const DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Of every answer. */
const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  [
    'permissions-policy',
    'accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()',
  ],
];

/** `path`: canonical; null where the request has none. */
export function setSecurityHeaders(response: ServerResponse, path: string | null, nonce: string): void {
  const [, room = ''] = path?.split('/') ?? [];
  const isPage = path !== null && !['api', 'v1', 'metrics', '_next'].includes(room);
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  const policy = isPage ? pagePolicy(nonce) : room === '_next' ? SCRIPT_POLICY : DATA_POLICY;
  response.setHeader('content-security-policy', policy);
  // A form of a page tells its own origin, which no-referrer would hide; the address of a share is a secret.
  response.setHeader('referrer-policy', isPage && room !== 's' ? 'same-origin' : 'no-referrer');
}
