/**
 * What the store can keep: it expires rows by DateTime, 32 bits of seconds, which end on 2106-02-07. A time with the retention
 * added to it must lie before that, or the row has expired long ago and goes at the next merge.
 */

/** Days of the longest retention that can be configured. */
export const MOST_RETENTION_DAYS = 3650;

/** 2096-01-01 UTC in Unix seconds: before 2^32 less the longest retention (2096-02-10). */
export const LAST_EXPIRING_S = 3_976_214_400;
