/** Types of setup.mjs, which is plain JavaScript because it runs before anything is installed. */
export declare const root: string;
export declare const dataDirectory: string;
export declare function onPath(name: string): string | null;
export declare function installDependencies(): void;
export declare function pinnedNode(): string;
export declare function ensureBrowser(): void;
export declare function ensurePrometheus(): Promise<string | null>;
export declare function installPrometheus(bytes: Uint8Array, sum: string, directory: string): void;
