/** `{bucket}`, `{key}`, `{client}` and `{route}` in a configured text, filled in for each request. */
import type { Exchange, Operation, z } from "../src/index.ts";

type Placeholder = "bucket" | "key" | "client" | "route";

const placeholder = /\{(\w+)\}/g;

/** Refuses a placeholder that is not among `known`: a slip of the pen must not become a constant. */
export function templateOf<Text extends z.ZodString>(
	text: Text,
	known: readonly Placeholder[],
): Text {
	const names: readonly string[] = known;
	return text.refine(
		(template) =>
			[...template.matchAll(placeholder)].every(([, name = ""]) =>
				names.includes(name),
			),
		{ error: `knows ${known.map((name) => `{${name}}`).join(", ")} only` },
	);
}

/** What a request has no value for, such as the key of an operation of the bucket, is empty. */
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
	return template.replace(
		placeholder,
		(_whole, name: string) => values[name] ?? "",
	);
}
