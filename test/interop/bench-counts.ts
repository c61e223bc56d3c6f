/** The small rows of the quick bench: that all contenders agree, and what the envelope asks of others. CPU ratios are printed only. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { report, root } from "./harness.ts";

interface Row {
	readonly ratios: Readonly<Record<string, number>>;
	readonly counts: Readonly<
		Record<string, { upstreamRequests: number; keyProviderCalls: number }>
	>;
}

/** Each warm: a range of parts has its table, a PUT its wrapping key. */
export function benchCounts(): void {
	for (const only of ["4 KiB", "listing"]) {
		const { status, stdout, stderr } = spawnSync(
			process.execPath,
			[
				...[join(root, "bench/http/run.ts"), "--quick", "--json"],
				...["--rounds", "1", "--only", only, "--who", "nginx;envelope"],
			],
			{ encoding: "utf8", cwd: root, timeout: 600_000 },
		);
		if (status !== 0) {
			report("bench", false, stderr.slice(-2_000));
			continue;
		}
		const rows = JSON.parse(stdout) as Readonly<Record<string, Row>>;
		for (const [name, { counts, ratios }] of Object.entries(rows)) {
			const asked = counts.envelope;
			const ratio = ratios.envelope?.toFixed(1) ?? "no floor";
			report(
				"bench",
				asked?.upstreamRequests === 1 && asked.keyProviderCalls === 0,
				`${name}: ${asked?.upstreamRequests} requests to the store and ${asked?.keyProviderCalls} to the key provider for each (CPU over nginx: ${ratio})`,
			);
		}
	}
}
