/**
 * Calls to a key provider that may be out of order: a deadline, tries again with full jitter, and a circuit breaker.
 * Only outages count for it. While it is open nobody waits: one probe is made now and then. It is the last call that was
 * held back, else the last that failed: what fails by itself, such as a blob that a provider breaks over, is not the only
 * one that is tried.
 */
import {
	CircuitState,
	ConsecutiveBreaker,
	circuitBreaker,
	ExponentialBackoff,
	fullJitterGenerator,
	handleWhen,
	isTaskCancelledError,
	retry,
	TimeoutStrategy,
	timeout,
	wrap,
} from "cockatiel";
import { KeysUnavailable, type Outage } from "./unavailable.ts";

export interface Patience {
	/** Milliseconds for one try. */
	readonly attempt: number;
	/** Milliseconds for a call, all tries and waits included. */
	readonly call: number;
	/** Tries of a call. */
	readonly attempts: number;
	/** Milliseconds: the wait before the second try is below `first`, and doubles up to `longest`. */
	readonly backoff: { readonly first: number; readonly longest: number };
	/** Outages in a row that open the breaker. */
	readonly outages: number;
	/** Milliseconds between two probes while it is open. */
	readonly probeEvery: number;
}

export const usualPatience: Patience = {
	attempt: 2_000,
	call: 5_000,
	attempts: 3,
	backoff: { first: 100, longest: 1_000 },
	outages: 5,
	probeEvery: 10_000,
};

export type BreakerState = "closed" | "open" | "probing";

export interface CircuitObserver {
	/** One try is over. @param error undefined where it succeeded */
	tried(operation: string, milliseconds: number, error: unknown): void;
	/** A call was refused without asking. */
	heldBack(operation: string): void;
	/** @param outage the last one, unless closed */
	changed(state: BreakerState, outage: Outage | undefined): void;
}

export interface Task<Value> {
	readonly operation: string;
	act(signal: AbortSignal): Promise<Value>;
	/** Erases a value that nobody waits for any more. */
	discard(value: Value): void;
}

/** A refusal is an answer: it proves that the provider serves. */
type Answer<Value> = { readonly value: Value } | { readonly refusal: unknown };

export class Circuit {
	readonly #patience: Patience;
	readonly #observer: CircuitObserver;
	readonly #closed = new AbortController();
	readonly #attempt;
	readonly #call;
	readonly #breaker;
	#last: { task: Task<unknown>; error: KeysUnavailable } | undefined;
	#heldBack: Task<unknown> | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(patience: Patience, observer: CircuitObserver) {
		const { attempt, call, attempts, backoff, outages } = patience;
		this.#patience = patience;
		this.#observer = observer;
		this.#attempt = timeout(attempt, TimeoutStrategy.Aggressive);
		this.#call = wrap(
			timeout(call, TimeoutStrategy.Aggressive),
			retry(handleWhen(isOutage), {
				maxAttempts: attempts - 1,
				backoff: new ExponentialBackoff({
					initialDelay: backoff.first,
					maxDelay: backoff.longest,
					generator: fullJitterGenerator,
				}),
			}),
		);
		this.#breaker = circuitBreaker(handleWhen(isOutage), {
			// Only a probe is ever let through: when, the timer says.
			halfOpenAfter: 0,
			breaker: new ConsecutiveBreaker(outages),
		});
		this.#breaker.onBreak(() => this.#changed("open"));
		this.#breaker.onHalfOpen(() => this.#changed("probing"));
		this.#breaker.onReset(() => this.#changed("closed"));
	}

	get state(): BreakerState {
		if (this.#breaker.state === CircuitState.Closed) return "closed";
		return this.#breaker.state === CircuitState.Open ? "open" : "probing";
	}

	/** The last one, unless closed. */
	get outage(): Outage | undefined {
		return this.state === "closed" ? undefined : this.#last?.error.outage;
	}

	/** @throws KeysUnavailable, the task's own refusal, or the signal's reason */
	async run<Value>(task: Task<Value>, signal: AbortSignal): Promise<Value> {
		const either = AbortSignal.any([signal, this.#closed.signal]);
		either.throwIfAborted();
		try {
			return await this.#call.execute(
				(context) => this.#once(task, context.signal),
				either,
			);
		} catch (error) {
			either.throwIfAborted();
			throw isTaskCancelledError(error) ? late(this.#patience.call) : error;
		}
	}

	/** Gives up every call and the probe. */
	close(): void {
		clearTimeout(this.#timer);
		this.#closed.abort(new Error("the key provider was closed"));
	}

	async #once<Value>(task: Task<Value>, signal: AbortSignal): Promise<Value> {
		if (this.state !== "closed") {
			this.#observer.heldBack(task.operation);
			this.#heldBack = task as Task<unknown>;
			throw new KeysUnavailable("circuit-open", this.#last?.error);
		}
		const answer = await this.#breaker.execute(() => this.#try(task, signal));
		if ("refusal" in answer) throw answer.refusal;
		return answer.value;
	}

	async #try<Value>(
		task: Task<Value>,
		signal: AbortSignal,
	): Promise<Answer<Value>> {
		const started = performance.now();
		const tried = (error?: unknown): void =>
			this.#observer.tried(task.operation, performance.now() - started, error);
		try {
			const value = await this.#attempt.execute(async (context) => {
				const value = await task.act(context.signal);
				if (context.signal.aborted) task.discard(value);
				return value;
			}, signal);
			tried();
			return { value };
		} catch (caught) {
			// Nobody waits any more: that says nothing of the provider.
			if (signal.aborted) throw caught;
			const error = isTaskCancelledError(caught)
				? late(this.#patience.attempt)
				: caught;
			tried(error);
			if (!isOutage(error)) return { refusal: error };
			this.#last = { task: task as Task<unknown>, error };
			throw error;
		}
	}

	#changed(state: BreakerState): void {
		this.#observer.changed(state, this.outage);
		clearTimeout(this.#timer);
		if (state !== "open" || this.#closed.signal.aborted) return;
		const { probeEvery } = this.#patience;
		this.#timer = setTimeout(() => void this.#probe(), probeEvery).unref();
	}

	async #probe(): Promise<void> {
		const task = this.#heldBack ?? this.#last?.task;
		this.#heldBack = undefined;
		if (task === undefined) return;
		try {
			const answer = await this.#breaker.execute(() =>
				this.#try(task, this.#closed.signal),
			);
			if ("value" in answer) task.discard(answer.value);
		} catch {
			// The breaker is open again, and the next probe is due.
		}
	}
}

function isOutage(error: unknown): error is KeysUnavailable {
	return error instanceof KeysUnavailable && error.outage !== "circuit-open";
}

function late(milliseconds: number): KeysUnavailable {
	return new KeysUnavailable(
		"timeout",
		new Error(`no answer within ${milliseconds} ms`),
	);
}
