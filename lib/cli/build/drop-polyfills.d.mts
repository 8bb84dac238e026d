export function dropPolyfills(output: string): void;
