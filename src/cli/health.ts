import { request } from "node:http";
import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";

/** Milliseconds that the answer may take. */
const deadline = 2_000;

/**
 * Asks the admin port of the gateway that runs with this configuration; made for exec probes.
 * @returns the exit status: 0 where it is ready, or with `live` where it answers at all
 * @throws ConfigFaults; Error where the configuration names no admin port
 */
export async function health(
	file: string,
	options: { readonly live?: boolean; readonly json?: boolean },
): Promise<number> {
	const { config } = await loadConfig(file, process.env, plugins);
	if (config.admin === undefined) {
		throw new Error(`${file} names no admin address: there is nobody to ask`);
	}
	const path = options.live ? "/livez" : "/readyz";
	const answer = await ask(config.admin, path).catch((error: Error) => error);
	const healthy = !(answer instanceof Error) && answer.status === 200;
	const reason =
		answer instanceof Error
			? `no answer from ${config.admin}: ${answer.message}`
			: answer.text;
	console.log(options.json ? JSON.stringify({ healthy, reason }) : reason);
	return healthy ? 0 : 1;
}

function ask(
	address: string,
	path: string,
): Promise<{ status: number | undefined; text: string }> {
	const target = address.startsWith("unix:")
		? { socketPath: address.slice("unix:".length) }
		: addressOf(address);
	return new Promise((resolve, reject) => {
		const signal = AbortSignal.timeout(deadline);
		request({ ...target, path, signal }, (response) => {
			let text = "";
			response.setEncoding("utf8");
			response.on("data", (chunk: string) => {
				text += chunk;
			});
			response.on("error", reject);
			response.on("end", () => resolve({ status: response.statusCode, text }));
		})
			.on("error", reject)
			.end();
	});
}

/** An address that means every interface is asked on this machine. */
function addressOf(address: string): { host: string; port: number } {
	const colon = address.lastIndexOf(":");
	const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
	const port = Number(address.slice(colon + 1));
	if (host === "0.0.0.0") return { host: "127.0.0.1", port };
	return { host: host === "::" ? "::1" : host, port };
}
