import { plugins } from "../../plugins/index.ts";
import { ConfigFaults, loadConfig } from "../config/load.ts";
import { rehearse } from "../rehearse.ts";

/** @returns the exit status: 1 where a fault was found */
export async function check(file: string, json: boolean): Promise<number> {
	try {
		const loaded = await loadConfig(file, process.env, plugins);
		const warnings = await rehearse(loaded);
		if (json) {
			console.log(JSON.stringify({ faults: [], warnings }));
			return 0;
		}
		for (const warning of warnings) console.log(`${file}: warning: ${warning}`);
		console.log(`${file}: ${loaded.config.routes.length} routes, no fault`);
		return 0;
	} catch (error) {
		if (!(error instanceof ConfigFaults)) throw error;
		console.log(
			json ? JSON.stringify({ faults: error.faults }) : error.message,
		);
		return 1;
	}
}
