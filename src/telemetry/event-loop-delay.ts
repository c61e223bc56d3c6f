/** How late timers fire: what any request waits while something else holds the process. */
import { Histogram } from "@prometheus-io/client";

type Registers = NonNullable<
	ConstructorParameters<typeof Histogram>[0]["registers"]
>;

/** Milliseconds between two looks. */
const interval = 20;

/** Seconds. */
const buckets = [
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/**
 * A histogram in place of the percentiles that Node keeps: those of several processes cannot be joined, and a scraper
 * cannot take the last minute out of them. Keeps no process alive.
 */
export function measureEventLoop(registers: Registers): void {
	const delays = new Histogram({
		name: "sealgate_event_loop_delay_seconds",
		help: `How late a timer of ${interval} ms fired.`,
		buckets,
		registers,
	});
	let before = performance.now();
	const look = (): void => {
		const now = performance.now();
		delays.observe(Math.max(0, now - before - interval) / 1_000);
		before = now;
	};
	setInterval(look, interval).unref();
}
