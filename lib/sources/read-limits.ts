/** What reading outside data may cost: values are messages, fields, objects, lists, texts and numbers, however empty. */
export interface ReadLimits {
  /** Levels of nesting. */
  readonly depth: number;
  /** Told of values as they are read; throws where they are too many, or took too long. */
  readonly spend: (values: number) => void;
}

/** One record (span, event) beyond either is refused alone: a record is one row, and a row has to fit into memory many times. */
export const RECORD_BYTES = 16 * 1024 ** 2;
export const RECORD_VALUES = 100_000;

/** What one record is refused for; null where it is not. */
export function tooLargeRecord(bytes: number, values: number): string | null {
  if (bytes > RECORD_BYTES) return `the record has ${bytes} bytes, the limit is ${RECORD_BYTES}`;
  if (values > RECORD_VALUES) return `the record has over ${RECORD_VALUES} values, which is the limit`;
  return null;
}
