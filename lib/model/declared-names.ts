/**
 * Tasks are listed by the name that a program declares for them (`.options(name=...)`), or else by their function. A function whose
 * tasks have more names than this is listed as one (`name=f"shard-{i}"` makes thousands), with the names beneath it.
 */
export const MOST_NAMES_PER_FUNCTION = 20;

/** Of the names beneath a function, those with the most attempts are told. */
export const NAMES_SHOWN = 10;
