/** Times of Chrome traces, decimal microseconds, to nanoseconds without passing a double where it would round. */

const DECIMAL = /^([-+]?)(\d+)(?:\.(\d*))?(?:[eE]([-+]?\d{1,3}))?$/;
/** Digits of a number that is still taken for a time: 10^30 us is no time, and BigInt takes long for millions of digits. */
const MOST_DIGITS = 40;

/** ns, rounded half up; null where `us` is no finite decimal number. */
export function microsecondsToNs(us: unknown): bigint | null {
  if (typeof us === 'number') {
    if (!Number.isFinite(us)) return null;
    // Below 2^43 us a double is off by less than half a nanosecond, as long as what is behind the point is multiplied alone.
    if (us >= 0 && us < 2 ** 43) {
      const whole = Math.floor(us);
      return BigInt(whole * 1000 + Math.round((us - whole) * 1000));
    }
    return decimalToNs(String(us));
  }
  return typeof us === 'string' ? decimalToNs(us.trim()) : null;
}

function decimalToNs(text: string): bigint | null {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const shift = fraction.length - Number(exponent) - 3;
  if (sign === undefined || whole.length + fraction.length > MOST_DIGITS || Math.abs(shift) > MOST_DIGITS) return null;
  const digits = BigInt(whole + fraction);
  const scale = 10n ** BigInt(Math.abs(shift));
  const ns = shift <= 0 ? digits * scale : (digits + scale / 2n) / scale;
  return sign === '-' ? -ns : ns;
}
