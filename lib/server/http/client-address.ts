/**
 * Who is at the other end: the peer of the connection, or what a trusted proxy (XRAY_TRUSTED_PROXIES) says of it. From
 * anybody else X-Forwarded-* is a claim, and is not read.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Header in which the door says the peer's address; one that a request brings is overwritten. */
export const PEER_HEADER = 'x-xray-peer';

export interface Client {
  /** An IPv4 address, or the /64 network of an IPv6 address: one sender has all of it. */
  readonly address: string;
  /** True: the browser speaks TLS, to X-Ray or to a trusted proxy. */
  readonly isSecure: boolean;
  /** The name that the browser asked for. */
  readonly host: string | undefined;
  /** True: the peer is a proxy that many clients share. */
  readonly isProxied: boolean;
}

export type ClientOf = (request: IncomingMessage) => Client;

/** An address, or a network in CIDR notation; throws RangeError where it is neither. */
function add(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : isIP(address) === 6 ? 'ipv6' : null;
  const length = Number(bits ?? (family === 'ipv4' ? 32 : 128));
  if (family === null || !/^\d{1,3}$/.test(bits ?? '0') || length > (family === 'ipv4' ? 32 : 128))
    throw new RangeError(`${JSON.stringify(text)} is neither an address nor a network like 10.0.0.0/8`);
  list.addSubnet(address, length, family);
}

/** Addresses and networks, comma-separated. Throws RangeError that names the entry which is neither. */
export function trustedProxies(text: string): BlockList {
  const list = new BlockList();
  for (const entry of text.split(',')) if (entry.trim() !== '') add(list, entry.trim());
  return list;
}

/** IPv4 in IPv6 (::ffff:10.0.0.1) is IPv4. */
const plain = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

/** `address` is valid. */
function network(address: string): string {
  if (isIP(address) !== 6) return address;
  // 2001:db8::7 -> 2001:db8:0:0
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(gap).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

const lastOf = (header: string | string[] | undefined): string | undefined =>
  header === undefined ? undefined : String(header).split(',').at(-1)?.trim();

export function createClientOf(proxies: BlockList): ClientOf {
  const isNone = proxies.rules.length === 0;
  const isTrusted = (address: string): boolean => {
    if (isNone) return false;
    const version = isIP(address);
    return version !== 0 && proxies.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
  return (request) => {
    const { socket, headers } = request;
    const peer = plain(socket.remoteAddress ?? '');
    const isDirect = 'encrypted' in socket && socket.encrypted === true;
    if (!isTrusted(peer)) return { address: network(peer), isSecure: isDirect, host: headers.host, isProxied: false };
    // The nearest proxy wrote the last entry; what stands left of the first stranger may be invented.
    let address = peer;
    for (const entry of String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((each) => plain(each.trim()))
      .reverse()) {
      if (isIP(entry) === 0) break;
      address = entry;
      if (!isTrusted(entry)) break;
    }
    return {
      address: network(address),
      isSecure: isDirect || lastOf(headers['x-forwarded-proto']) === 'https',
      host: lastOf(headers['x-forwarded-host']) ?? headers.host,
      isProxied: true,
    };
  };
}
