/** A gateway of several processes, as a user runs it. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { serve } from "./process.ts";

export interface Answered {
	readonly status: number;
	readonly body: string;
}

/** One request on a connection of its own, or on one of the agent's. @throws Error where the connection ends before the answer does */
export function ask(
	url: string,
	options: { method?: string; body?: string; agent?: Agent } = {},
): Promise<Answered> {
	const { method = "GET", body, agent = new Agent() } = options;
	return new Promise((resolve, reject) => {
		const sent = request(url, { method, agent }, (answer: IncomingMessage) => {
			let text = "";
			answer.setEncoding("utf8");
			answer.on("data", (chunk: string) => {
				text += chunk;
			});
			answer.on("error", reject);
			answer.on("end", () =>
				resolve({ status: answer.statusCode ?? 0, body: text }),
			);
		});
		sent.on("error", reject);
		sent.end(body);
	});
}

/** @param yaml without `workers`, `listen` and `admin`, which may be given */
export async function startWorkers(
	t: Test,
	yaml: string,
	{ workers = 2, listen = "127.0.0.1:0" } = {},
) {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-workers-"));
	const file = join(folder, "gateway.yaml");
	/** Whole or not at all: the gateway watches the file. */
	const write = (text: string): void => {
		writeFileSync(
			`${file}.draft`,
			`workers: ${workers}\nlisten: ${listen}\nadmin: 127.0.0.1:0\n${text}`,
		);
		renameSync(`${file}.draft`, file);
	};
	write(yaml);
	const gateway = serve(file);
	t.teardown(async () => {
		gateway.child.kill("SIGKILL");
		await gateway.closed;
		rmSync(folder, { recursive: true, force: true });
	});
	const { address = "", admin = "" } = await Promise.race([
		gateway.until("listening"),
		gateway.closed.then((status) => {
			throw new Error(`the gateway ended with status ${status}`);
		}),
	]);
	return {
		...gateway,
		folder,
		file,
		write,
		address,
		endpoint: `http://${address}`,
		admin: `http://${admin}`,
		/** Of the process that serves under this number now. */
		pid(number: number): number {
			const found = gateway.lines.findLast(
				({ msg, worker }) =>
					msg === "worker serves" && Number(worker) === number,
			);
			return Number(found?.pid);
		},
		async metrics(): Promise<string> {
			return (await ask(`http://${admin}/metrics`)).body;
		},
	};
}

/** Sum of the samples of a metric whose labels hold this text. */
export function sample(metrics: string, name: string, labels = ""): number {
	return metrics
		.split("\n")
		.filter((line) => line.split(/[{ ]/)[0] === name && line.includes(labels))
		.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** A configuration of one store that trusts whoever asks. */
export function trusting(endpoint: string, more = ""): string {
	return `
authentication: trust
upstreams: [{ name: store, endpoint: "${endpoint}", credentials: anonymous }]
routes: [{ name: rest, match: {}, upstream: store }]
limits: { drain: 5s }
${more}`;
}
