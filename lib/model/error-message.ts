/** What a thrown value says, as it is: for logs and for the terminal. For people outside: lib/schema/error-sentence.ts. */
export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
