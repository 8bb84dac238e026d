/** The address of one request. */
import { ownValue } from '../../model/own-value.ts';
import type { RouteAddress } from './addresses.ts';
import type { RouteParams, RoutePath } from './routes-by-path.ts';

/**
 * Path parameters filled in, the rest as a query string in the order of the contract, so that one question has one address
 * (it is the cache key too). What is absent, null or empty stands in no address.
 */
export function requestPath<Path extends RoutePath>(address: RouteAddress<Path>, params: RouteParams<Path>): string {
  const given = params as Readonly<Record<string, unknown>>;
  const inPath = new Set<string>();
  const path = address.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    return encodeURIComponent(String(ownValue(given, name) ?? ''));
  });
  const query = new URLSearchParams();
  for (const name of address.parameters) {
    const value = ownValue(given, name);
    if (inPath.has(name) || value === undefined || value === null || value === '') continue;
    query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
