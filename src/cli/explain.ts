import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";
import { explainWith } from "../rehearse.ts";

interface Options {
	readonly config: string;
	readonly client: string;
	/** `name: value` */
	readonly header: readonly string[];
	readonly json?: boolean;
}

/** @returns the exit status: 1 where the request would be refused, 2 for wrong usage */
export async function explainRequest(
	method: string,
	target: string,
	options: Options,
): Promise<number> {
	if (!/^s3:\/\/./.test(target)) {
		console.error(`"${target}" is no target: name it as s3://bucket/key`);
		return 2;
	}
	const unnamed = options.header.find((header) => !/^[^:]+:/.test(header));
	if (unnamed !== undefined) {
		console.error(`"${unnamed}" is no header: write it as "name: value"`);
		return 2;
	}
	const loaded = await loadConfig(options.config, process.env, plugins);
	const { clients } = loaded.config;
	if (
		options.client !== "" &&
		!clients.some(({ name }) => name === options.client)
	) {
		const names = clients.map(({ name }) => name).join(", ") || "none";
		console.error(
			`no client is named "${options.client}"; the configuration has: ${names}`,
		);
		return 2;
	}
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
