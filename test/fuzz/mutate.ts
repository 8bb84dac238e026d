/** Seeded mutation of bytes, of JSON by its structure, and of text. The same seed makes the same inputs. */

export interface Random {
  /** 0 to below `below`, whole. */
  readonly below: (below: number) => number;
  readonly chance: (share: number) => boolean;
  readonly of: <One>(list: readonly One[]) => One;
}

/** mulberry32 (https://github.com/bryc/code/blob/master/jshash/PRNGs.md). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    of: (list) => {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error('nothing to choose from');
      return found;
    },
  };
}

/** Values that break what expects another kind. Functions, so that each use has its own. */
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => -1e-308,
  () => 2 ** 53,
  () => '9223372036854775808',
  () => '18446744073709551616',
  () => '-9223372036854775809',
  () => '9'.repeat(400),
  () => '',
  () => ' ',
  () => 'NaN',
  () => '0x10',
  () => '\u0000',
  () => '\ud800',
  () => '\u202e\u0301\u{1d54f}',
  () => 'x'.repeat(5000),
  () => '__proto__',
  () => 'constructor',
  () => "'; DROP TABLE x; --",
  () => '2026-02-31T25:61:61Z',
  () => '0001-01-01T00:00:00Z',
  () => '9999-12-31T23:59:59.999999999Z',
  () => [],
  () => ({}),
  () => [[[[[[[[]]]]]]]],
  () => [null, {}, [], 'x', 1],
  () => JSON.parse('{"__proto__":{"x":1},"constructor":"y","toString":1,"":null}'),
  () => nested(80),
];
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '\u0000', '\ud800', 'x'.repeat(2000)];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

interface Location {
  readonly parent: unknown[] | Record<string, unknown>;
  readonly key: string | number;
}

function locationsOf(value: unknown, locations: Location[] = []): Location[] {
  if (typeof value !== 'object' || value === null || locations.length > 3000) return locations;
  const parent = value as Location['parent'];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    locations.push({ parent, key });
    locationsOf((value as Record<string | number, unknown>)[key], locations);
  }
  return locations;
}

const put = (parent: Location['parent'], key: string | number, value: unknown): void => {
  Object.defineProperty(parent, key, { value, configurable: true, enumerable: true, writable: true });
};

/** Changes a copy of a JSON value in up to four places. */
export function mutateJson(seed: unknown, random: Random): unknown {
  const root = { value: structuredClone(seed) };
  for (let times = 1 + random.below(4); times > 0; times--) {
    const locations = locationsOf(root);
    if (locations.length === 0) return null;
    const { parent, key } = random.of(locations);
    const value = (parent as Record<string | number, unknown>)[key];
    switch (random.below(8)) {
      case 0:
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
        break;
      case 1:
        if (Array.isArray(parent)) for (let i = random.below(50); i > 0; i--) parent.push(structuredClone(value));
        else put(parent, random.of(KEYS), value);
        break;
      case 2:
        if (typeof value === 'string') put(parent, key, mutateText(value, random));
        else put(parent, key, random.of(VALUES)());
        break;
      case 3:
        if (typeof value === 'object' && value !== null)
          put(value as Record<string, unknown>, random.of(KEYS), random.of(VALUES)());
        else put(parent, key, [value]);
        break;
      case 4:
        put(parent, key, typeof value === 'object' ? JSON.stringify(value) : String(value));
        break;
      default:
        put(parent, key, random.of(VALUES)());
    }
  }
  return root.value;
}

/** Flips, cuts, repeats, inserts; up to six times. */
export function mutateBytes(seed: Uint8Array, random: Random): Buffer {
  let bytes = Buffer.from(seed);
  for (let times = 1 + random.below(6); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(Math.min(64, bytes.length - at + 1));
    switch (random.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(Array.from({ length: length + 1 }, () => random.below(256))),
          bytes.subarray(at),
        ]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      default:
        bytes.fill(random.of([0, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b]), at, at + length);
    }
  }
  return bytes;
}

/** The same on UTF-8; what is no UTF-8 then becomes U+FFFD. */
export const mutateText = (seed: string, random: Random): string => mutateBytes(Buffer.from(seed), random).toString();
