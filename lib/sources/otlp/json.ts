/** ExportTraceServiceRequest of opentelemetry-proto 1.x as JSON, a few hundred spans at a time. */
import { checkJson } from '../json/check-json.ts';
import { JsonText } from '../json/json-text.ts';
import type { ReadLimits } from '../read-limits.ts';
import type { SpanVisitor } from './decode.ts';

const MEMBERS = new Set([
  ...['resourceSpans', 'resource_spans', 'resource'],
  ...['scopeSpans', 'scope_spans', 'scope', 'spans'],
]);

/** Tells resources, scopes and spans in their order. Throws Error where the text is no such request; what `spend` throws. */
export function readTraceRequestJson(bytes: Uint8Array, limits: ReadLimits, visitor: SpanVisitor): void {
  checkJson(bytes, limits);
  const text = new JsonText(bytes);
  if (!text.isObject(text.root)) throw new Error('the body is not an object with resourceSpans');
  // What stands beside the spans never costs them.
  const value = (start: number | undefined): unknown => {
    try {
      return start === undefined ? undefined : text.parse(start);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  };
  const request = text.members(text.root, MEMBERS);
  for (const resourceSpans of text.elements(request.get('resourceSpans') ?? request.get('resource_spans'))) {
    const inResource = text.members(resourceSpans, MEMBERS);
    visitor.resource(value(inResource.get('resource')));
    for (const scopeSpans of text.elements(inResource.get('scopeSpans') ?? inResource.get('scope_spans'))) {
      const inScope = text.members(scopeSpans, MEMBERS);
      visitor.scope(value(inScope.get('scope')));
      const spans = inScope.get('spans');
      if (spans !== undefined && text.isList(spans)) text.eachRecord(spans, visitor);
    }
  }
}
