/** How reloads went: counted by whoever reads the configuration. */
import { Counter, Gauge } from "@prometheus-io/client";

type Registers = NonNullable<
	ConstructorParameters<typeof Counter>[0]["registers"]
>;

export function countReloads(
	registers: Registers,
): (succeeded: boolean) => void {
	const reloads = new Counter({
		name: "sealgate_config_reload_total",
		help: "Attempts to reload the configuration.",
		labelNames: ["result"],
		registers,
	});
	const reloaded = new Gauge({
		name: "sealgate_config_last_reload_success_timestamp_seconds",
		help: "When the configuration in force was read.",
		aggregator: "first",
		registers,
	});
	reloaded.setToCurrentTime();
	return (succeeded) => {
		reloads.inc({ result: succeeded ? "success" : "failure" });
		if (succeeded) reloaded.setToCurrentTime();
	};
}
