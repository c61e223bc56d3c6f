import type { Log } from "../telemetry/log.ts";
import type { Traces, TracesOptions } from "../telemetry/traces.ts";
import { version } from "./version.ts";

/** Loaded only where it is wanted: OpenTelemetry is by far the largest of our libraries. */
export async function startTraces(
	options: TracesOptions,
	log: Log,
): Promise<Traces> {
	const { createTraces } = await import("../telemetry/traces.ts");
	return createTraces(options, version(), log);
}
