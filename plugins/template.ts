/** `{bucket}`, `{key}`, `{client}` and `{route}` in a configured text, filled in for each request. */
import type { Exchange, Operation } from "../src/index.ts";

const known = /\{(bucket|key|client|route)\}/g;

export function fill(
	template: string,
	operation: Operation,
	exchange: Exchange,
): string {
	const values: Readonly<Record<string, string | undefined>> = {
		bucket: operation.bucket,
		key: operation.key,
		client: exchange.client?.name,
		route: exchange.route?.name,
	};
	return template.replace(known, (_whole, name: string) => values[name] ?? "");
}
