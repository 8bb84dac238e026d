/** Calls `gone` once, when the process that started this one has ended. */
export function watchParents(gone: () => void): void;
