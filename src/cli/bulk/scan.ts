/** `sealgate scan`: how the objects of a bucket are protected. */
import { plugins } from "../../../plugins/index.ts";
import { scanObject } from "../../bulk/scan.ts";
import { loadConfig } from "../../config/load.ts";
import { type BulkOptions, targetOf } from "./options.ts";
import { over, untilStopped } from "./over.ts";
import { type ReportFormat, reportOf, statusOf } from "./report.ts";
import { openStores } from "./store-access.ts";

export interface ScanOptions extends BulkOptions {
	readonly format: ReportFormat;
}

/** @returns the exit status */
export async function scan(
	text: string,
	options: ScanOptions,
): Promise<number> {
	const target = targetOf(text);
	const loaded = await loadConfig(options.config, process.env, plugins);
	const found = await untilStopped(async (signal) => {
		const store = openStores(loaded, options.client);
		try {
			const act = scanObject(store.ask, target.bucket, signal);
			const { ask } = store;
			return await over({ command: "scan", target, options, ask, act, signal });
		} finally {
			await store.close();
		}
	});
	console.log(reportOf(found, options.json ? "json" : options.format));
	return statusOf(found);
}
