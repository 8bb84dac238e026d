import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClientOf, trustedProxies } from '../../../../lib/server/http/client-address.ts';
import { ConfigError, loadConfig } from '../../../../lib/server/runtime/config.ts';

let trusted = '';
const server = createServer((request: IncomingMessage, response) => {
  response.end(JSON.stringify(createClientOf(trustedProxies(trusted))(request)));
});
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => server.close());

const clientOf = (proxies: string, headers: Record<string, string>): Promise<Client> => {
  trusted = proxies;
  return new Promise((done, fail) => {
    const { port } = server.address() as AddressInfo;
    ask({ port, host: '127.0.0.1', headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      done(JSON.parse(text));
    })
      .on('error', fail)
      .end();
  });
};

describe('who is at the other end', () => {
  const forwarded = {
    host: 'inner',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'outer',
  };

  it('reads no claim of who is no trusted proxy', async () => {
    expect(await clientOf('10.0.0.0/8', forwarded)).toEqual({
      address: '127.0.0.1',
      isSecure: false,
      host: 'inner',
      isProxied: false,
    });
  });

  it('believes a trusted proxy, and what stands left of the first stranger not', async () => {
    const proxies = '127.0.0.0/8, 10.0.0.1';
    expect(await clientOf(proxies, forwarded)).toEqual({
      address: '203.0.113.9',
      isSecure: true,
      host: 'outer',
      isProxied: true,
    });
    const address = async (list: string) => (await clientOf(proxies, { 'x-forwarded-for': list })).address;
    expect(await address('1.1.1.1, 203.0.113.9, 10.0.0.1')).toBe('203.0.113.9');
    expect(await address('203.0.113.9, nonsense')).toBe('127.0.0.1');
    expect(await address('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(await address('2001:db8::7')).toBe('2001:db8:0:0::/64');
    expect(await address('::ffff:203.0.113.9')).toBe('203.0.113.9');
  });

  it.each(['nonsense', '10.0.0.0/33', '::1/129', '10.0.0.0/x', '10.0.0.0/'])(
    'refuses %s in the configuration',
    (entry) => {
      expect(() => loadConfig({ XRAY_TRUSTED_PROXIES: entry, XRAY_CONFIG: '/nonexistent' })).toThrow(ConfigError);
    },
  );
});
