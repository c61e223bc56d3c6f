/** Sheds load before any work on a body, and refuses new work while the gateway drains. */
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Layer } from "../pipeline.ts";

export interface LoadLimits {
	/** Requests at work at once. */
	readonly inFlight: number;
	/** Requests that may wait for one of them to end. */
	readonly queue: number;
	/** Milliseconds for which one waits at most. */
	readonly queueTime: number;
}

/** The load of the process: one for all its configurations. */
export class Load {
	draining = false;
	/** Requests between their head and the end of their answer, whether they are at work, waiting or refused. */
	inFlight = 0;
	/** By request id. */
	readonly #atWork = new Set<string>();
	/** In order of arrival. */
	readonly #waiting = new Set<() => void>();

	/** @throws SealgateError `overloaded` where there is no room now, nor after `queueTime` */
	async enter({ id, signal }: Exchange, limits: LoadLimits): Promise<void> {
		if (this.#atWork.size >= limits.inFlight) {
			if (this.#waiting.size >= limits.queue) throw overloaded();
			await this.#room(signal, limits.queueTime);
		}
		this.#atWork.add(id);
	}

	/** Its answer has ended. Harmless for a request that was never let in. */
	leave(id: string): void {
		if (!this.#atWork.delete(id)) return;
		const [first] = this.#waiting;
		first?.();
	}

	#room(signal: AbortSignal, time: number): Promise<void> {
		return new Promise((resolve, reject) => {
			const settle = (done: () => void): void => {
				clearTimeout(timer);
				signal.removeEventListener("abort", refuse);
				this.#waiting.delete(enter);
				done();
			};
			const enter = (): void => settle(resolve);
			const refuse = (): void => settle(() => reject(overloaded()));
			const timer = setTimeout(refuse, time);
			signal.addEventListener("abort", refuse);
			this.#waiting.add(enter);
		});
	}
}

function overloaded(): SealgateError {
	return new SealgateError("overloaded", "Please reduce your request rate.");
}

export function limit<Request>(load: Load, limits: LoadLimits): Layer<Request> {
	return (next) => async (request, exchange) => {
		if (load.draining) {
			throw new SealgateError(
				"draining",
				"The gateway is shutting down. Try again.",
			);
		}
		await load.enter(exchange, limits);
		return next(request, exchange);
	};
}
