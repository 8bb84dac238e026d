export declare const serveFlags: readonly string[];
export declare const serveEnvironment: Readonly<Record<string, string>>;
