/** A gateway in this process, on ports of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plugins } from "../../plugins/index.ts";
import { type Loaded, loadConfig } from "../../src/config/load.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import type { Outcome } from "../../src/layers/observe.ts";
import { createMetrics, type Metrics } from "../../src/telemetry/metrics.ts";

export const accessKeyId = "TESTACCESSKEY";
export const secretAccessKey = "test-secret-access-key";

export interface TestGateway extends Gateway {
	readonly endpoint: string;
	readonly outcomes: Outcome[];
	/** What a scrape would give. */
	metrics(): Promise<string>;
}

/** Reads a configuration as a file would be read. */
export async function loadTestConfig(yaml: string): Promise<Loaded> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
	try {
		const file = join(folder, "config.yaml");
		writeFileSync(file, yaml);
		return await loadConfig(file, {}, plugins);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

export async function startTestGateway(
	yaml: string | Loaded,
): Promise<TestGateway> {
	const outcomes: Outcome[] = [];
	const loaded = typeof yaml === "string" ? await loadTestConfig(yaml) : yaml;
	let metrics: Metrics | undefined;
	const gateway = await startGateway(loaded, {
		log: { event() {}, request: (outcome) => void outcomes.push(outcome) },
		metrics: (inFlight) => {
			metrics = createMetrics("test", inFlight);
			return metrics;
		},
	});
	return {
		...gateway,
		endpoint: `${loaded.config.tls ? "https" : "http"}://${gateway.address}`,
		outcomes,
		metrics: async () => (await metrics?.scrape(""))?.body ?? "",
	};
}

/** A configuration of one client, one store and the given routes. */
export function configuration(
	endpoint: string,
	routes = "  - { name: rest, match: {}, upstream: store }",
	extra = "",
): string {
	return `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
authentication: verify
clients:
  - { name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }
upstreams:
  - { name: store, endpoint: "${endpoint}", credentials: { accessKeyId: UP, secretAccessKey: up-secret }${extra} }
routes:
${routes}
limits: { drain: 1s }
`;
}
