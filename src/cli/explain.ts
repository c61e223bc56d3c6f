import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";
import { explainWith } from "../gateway.ts";

interface Options {
	readonly config: string;
	readonly client: string;
	/** `name: value` */
	readonly header: readonly string[];
	readonly json?: boolean;
}

/** @returns the exit status: 1 where the request would be refused */
export async function explainRequest(
	method: string,
	target: string,
	options: Options,
): Promise<number> {
	const loaded = await loadConfig(options.config, process.env, plugins);
	const headers = new Map(
		options.header.map((header): [string, string] => {
			const colon = header.indexOf(":");
			return [
				header.slice(0, colon).trim().toLowerCase(),
				header.slice(colon + 1).trim(),
			];
		}),
	);
	const found = await explainWith(loaded, {
		method,
		target,
		client: options.client,
		headers,
	});
	if (options.json) console.log(JSON.stringify(found));
	else {
		console.log(`operation  ${found.operation}`);
		console.log(
			`route      ${found.route} (${found.mode}) -> upstream ${found.upstream}`,
		);
		for (const policy of found.policies)
			console.log(
				`policy     ${policy.name} ${JSON.stringify(policy.options)}`,
			);
		for (const [name, value] of Object.entries(found.changes)) {
			console.log(
				value === null ? `removes    ${name}` : `sets       ${name}: ${value}`,
			);
		}
		if (found.refusal !== undefined) console.log(`refuses    ${found.refusal}`);
	}
	return found.refusal !== undefined && found.mode === "enforce" ? 1 : 0;
}
