/** A gateway process in front of a store, as a user would start it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificates } from "./certificates.ts";
import { folder, freePort, start } from "./harness.ts";
import { type RunningStore, upstreamLine } from "./stores.ts";

export const appKeys = {
	accessKeyId: "APPACCESSKEY",
	secretAccessKey: "app-secret-key",
} as const;

export interface GatewayOptions {
	readonly name: string;
	readonly store: RunningStore;
	/** Where absent: verify. */
	readonly mode?: "verify" | "trust";
	/** Whether clients speak TLS to it. */
	readonly tls?: boolean;
	/** The policies of its one route, as the configuration has them. */
	readonly policies?: string;
	/** Its one entry of `keys`. */
	readonly keys?: string;
	/** Runs when its configuration is written, and before it starts. */
	readonly before?: (config: string) => void;
	/** More of it than the tests' own. */
	readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningGateway {
	readonly name: string;
	readonly endpoint: string;
	readonly trusts: boolean;
	/** The file of its configuration. */
	readonly config: string;
}

export async function startGateway(
	options: GatewayOptions,
): Promise<RunningGateway> {
	const { name, store, mode = "verify", tls = false, policies = "" } = options;
	const port = await freePort();
	const config = join(folder, `${name}.yaml`);
	const { accessKeyId, secretAccessKey } = appKeys;
	writeFileSync(
		config,
		[
			`listen: 127.0.0.1:${port}`,
			`authentication: ${mode}`,
			...(tls
				? [`tls: { cert: "${certificates.cert}", key: "${certificates.key}" }`]
				: []),
			...(mode === "verify"
				? [
						`clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]`,
					]
				: []),
			...(options.keys ? [`keys: [${options.keys}]`] : []),
			`upstreams: [${upstreamLine(store)}]`,
			`routes: [{ name: all, match: {}, upstream: store, policies: [${policies}] }]`,
			"",
		].join("\n"),
	);
	options.before?.(config);
	await start(
		name,
		process.execPath,
		["src/main.ts", "serve", "--config", config],
		port,
		options.environment,
	);
	return {
		name,
		endpoint: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
		trusts: mode === "trust",
		config,
	};
}
