/** One JSON line a request on stdout, and one for each event of our own. No pino type leaves this file. */
import { pino } from "pino";
import type { Findings } from "../exchange.ts";
import type { Outcome } from "../layers/observe.ts";

export interface Log {
	event(
		level: "info" | "warn" | "error",
		message: string,
		fields?: Readonly<Record<string, unknown>>,
	): void;
	request(outcome: Outcome): void;
}

export interface LogOptions {
	readonly level: "debug" | "info" | "warn" | "error";
	/** Whether request lines name object keys, their reasons included. */
	readonly objectKeys: "plain" | "off";
	/** Number of the process, where there are several. */
	readonly worker?: number;
}

/** What a client chose is kept to this length. */
const longest = 1_024;

export function createLog(options: LogOptions): Log {
	const logger = pino({
		level: options.level,
		base: options.worker === undefined ? null : { worker: options.worker },
		timestamp: () => `,"time":"${new Date().toISOString()}"`,
		formatters: { level: (label) => ({ level: label }) },
	});
	return {
		event: (level, message, fields = {}) => logger[level](fields, message),
		request(outcome) {
			const { exchange, status, cut, duration } = outcome;
			const { findings, received } = exchange;
			const told = (text: string | undefined): string | undefined =>
				clip(
					options.objectKeys === "plain" ? text : withoutKeys(text, findings),
				);
			logger.info(
				{
					requestId: exchange.id,
					traceId: exchange.span.traceparent?.split("-")[1],
					method: received.method,
					operation: findings.operation,
					bucket: clip(findings.bucket),
					key: options.objectKeys === "plain" ? clip(findings.key) : undefined,
					client: findings.client,
					accessKeyId: clip(findings.accessKeyId),
					route: findings.route,
					upstream: findings.upstream,
					status,
					upstreamStatus: findings.upstreamStatus,
					cut: cut || undefined,
					error: findings.error,
					upstreamError: clip(findings.upstreamError),
					reason: told(findings.reason),
					decisions:
						findings.decisions.length > 0
							? findings.decisions.map((decision) => ({
									...decision,
									reason: told(decision.reason),
								}))
							: undefined,
					events: findings.events?.map(
						({ policy, event }) => `${policy}: ${event}`,
					),
					bytesIn: findings.bytesIn,
					bytesOut: findings.bytesOut,
					durationMs: duration,
					remoteAddress: received.remoteAddress,
				},
				"request",
			);
		},
	};
}

/** Reasons name the object that they are about. */
function withoutKeys(
	text: string | undefined,
	{ key, sourceKey }: Findings,
): string | undefined {
	return [key, sourceKey].reduce(
		(left, name) => (name ? left?.replaceAll(name, "[key]") : left),
		text,
	);
}

function clip(text: string | undefined): string | undefined {
	return text?.slice(0, longest);
}
