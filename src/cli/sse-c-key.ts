/** The key that opens one object without the gateway: what a backup is for, and what somebody must answer for. */
import { plugins } from "../../plugins/index.ts";
import { keysOf } from "../../plugins/sse-c/keys.ts";
import type { InjectOptions } from "../../plugins/sse-c/options.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Route } from "../routes.ts";
import { chooseRoute } from "../routes.ts";
import { recordCommand } from "./command-record.ts";

export interface SseCKeyOptions {
	readonly config: string;
	readonly client: string;
	/** Index among the route's keys, the newest 0. */
	readonly secretIndex: string;
	readonly reveal?: boolean;
	readonly json?: boolean;
}

interface Place {
	readonly bucket: string;
	readonly key: string;
}

/** @returns the exit status: 1 where the object's route has no such key, 2 for wrong usage */
export async function sseCKey(
	target: string,
	options: SseCKeyOptions,
): Promise<number> {
	const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(target) ?? [];
	const index = /^\d$/.test(options.secretIndex)
		? Number(options.secretIndex)
		: undefined;
	if (bucket === undefined || key === undefined || index === undefined) {
		console.error("name an object as s3://bucket/key, and a key as 0 to 3");
		return 2;
	}
	if (!options.reveal) {
		console.error(
			`This prints the key of ${target}: whoever reads it, on the screen or in a history of commands, can read the object past the gateway. Say --reveal to print it. It is recorded.`,
		);
		return 2;
	}
	const loaded = await loadConfig(options.config, process.env, plugins);
	const place = { bucket, key };
	const route = routeOf(loaded, place, options.client);
	const configured = loaded.policies
		.get(route.name)
		?.find(({ plugin }) => plugin.name === "sse-c");
	const chosen = configured?.options as InjectOptions | undefined;
	if (chosen?.mode !== "inject") {
		console.error(
			`${target} falls on route "${route.name}", which has no sse-c: inject: the gateway holds no key of it`,
		);
		return 1;
	}
	const keys = keysOf(chosen, loaded.folder);
	if (index >= keys.count) {
		console.error(
			`route "${route.name}" has ${keys.count} of them: --secret-index 0 to ${keys.count - 1}`,
		);
		return 1;
	}
	await recordCommand(loaded, {
		command: "sse-c key",
		...place,
		route: route.name,
		upstream: route.upstream,
		keyIndex: index,
		outcome: "success",
	}); // on the disk before the key is printed
	const headers = keys.headers(index, place);
	if (options.json) {
		const { name, upstream } = route;
		console.log(
			JSON.stringify({ ...place, route: name, upstream, index, headers }),
		);
		return 0;
	}
	for (const [name, value] of Object.entries(headers))
		console.log(`${name}: ${value}`);
	console.error(usage(loaded, place, route));
	return 0;
}

function routeOf(
	{ config }: Loaded,
	place: Place,
	client: string,
): Pick<Route, "name" | "upstream"> {
	const routes = config.routes.map((route) => ({ ...route, policies: [] }));
	return chooseRoute(routes, { operation: "GetObject", ...place, client });
}

function usage(
	{ config }: Loaded,
	{ bucket, key }: Place,
	{ upstream }: Pick<Route, "upstream">,
): string {
	const found = config.upstreams.find(({ name }) => name === upstream);
	const object = quoted(`s3://${bucket}/${key}`);
	return `
With these lines in a file object.headers the aws cli opens the object without the gateway; it wants the bytes of the key:

  sed -n 's/.*customer-key: //p' object.headers | base64 -d > object.key
  aws --endpoint-url ${found?.endpoint} --region ${found?.region} s3 cp --sse-c AES256 --sse-c-key fileb://object.key ${object} object

Remove both files when you are done.`;
}

/** As a shell reads it. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
