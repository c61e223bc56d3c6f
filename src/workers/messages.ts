/** Questions and answers between two processes, by Node's channel. */
import type { Sources } from "../config/sources.ts";
import type { GatewayState } from "../gateway-state.ts";
import type { MetricsSnapshot } from "../telemetry/snapshot.ts";

/** Of a worker that serves. */
export interface Standing {
	/** `host:port` or the path of the socket. */
	readonly address: string;
	/** Of the keyrings in use. */
	readonly keyFiles: readonly string[];
}

/** What a worker does when it is asked. */
export interface Duties {
	/** Its first. @throws Error where it cannot serve; it is of no use then */
	start(given: {
		/** 1 and up: a worker that takes the place of another has its number. */
		readonly number: number;
		readonly sources: Sources;
	}): Promise<Standing>;
	/** Makes what a new configuration wants. @throws Error where it cannot come into force */
	prepare(sources: Sources): Promise<void>;
	/** What was prepared comes into force. @throws Error where nothing was */
	take(): Promise<Standing>;
	/** What was prepared is let go; harmless where nothing was. */
	drop(): Promise<void>;
	reloadKeys(): Promise<void>;
	state(): Promise<GatewayState>;
	metrics(): Promise<MetricsSnapshot>;
	/** Drains and ends: its answer is its last. */
	stop(): Promise<void>;
}

export interface Question {
	readonly id: number;
	readonly duty: keyof Duties;
	readonly given: unknown;
}

export interface Answer {
	readonly id: number;
	readonly value?: unknown;
	/** Message of the error, where it failed. */
	readonly failure?: string;
}

export function isAnswer(message: unknown): message is Answer {
	return typeof (message as Partial<Answer> | null)?.id === "number";
}

/** Answers what the primary asks, each question for itself. */
export function attend(duties: Duties): void {
	process.on("message", ({ id, duty, given }: Question) => {
		// Where the primary is gone, this process is about to end, too.
		const send = (answer: Answer): void =>
			void process.send?.(answer, undefined, {}, () => {
				if (duty === "stop") process.exit();
			});
		(duties[duty] as (given: unknown) => Promise<unknown>)(given).then(
			(value) => send({ id, value }),
			(error: Error) => send({ id, failure: error.message }),
		);
	});
}
