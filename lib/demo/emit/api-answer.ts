/** What the demo's State API and Jobs API answer a request with. */
export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  /** In pieces where it is long: a listing of tasks has 20 MB. */
  readonly body: string | Iterable<string>;
}

/** The body of an answer in one piece. */
export const wholeBody = ({ body }: ApiAnswer): string => (typeof body === 'string' ? body : [...body].join(''));
