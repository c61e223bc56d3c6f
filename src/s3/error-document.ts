/** The document that S3 answers a failure with. */
import { element, renderXml } from "./xml.ts";

export interface ErrorFacts {
	readonly code: string;
	readonly message: string;
	readonly resource?: string;
	readonly requestId: string;
	/** Further elements, in order. */
	readonly fields?: Readonly<Record<string, string>>;
}

export function errorDocument(facts: ErrorFacts): string {
	return renderXml(
		element("Error", [
			element("Code", facts.code),
			element("Message", facts.message),
			...Object.entries(facts.fields ?? {}).map(([name, value]) =>
				element(name, value),
			),
			...(facts.resource === undefined
				? []
				: [element("Resource", facts.resource)]),
			element("RequestId", facts.requestId),
			element("HostId", "sealgate"),
		]),
	);
}
