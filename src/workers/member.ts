/** One worker as the primary sees it: a process that is asked to do its duties. */
import cluster, { type Worker } from "node:cluster";
import {
	type Answer,
	type Duties,
	isAnswer,
	type Question,
} from "./messages.ts";
import { closeOrphan } from "./orphans.ts";

/** How a process ended. */
export interface End {
	readonly status: number | null;
	readonly signal: string | null;
}

type Given<Duty extends keyof Duties> = Parameters<Duties[Duty]>[0];
type Done<Duty extends keyof Duties> = Awaited<ReturnType<Duties[Duty]>>;

/** The worker ended before it answered, or did not answer in time. */
export class NoAnswer extends Error {
	override readonly name = "NoAnswer";
}

/** What a worker inherits. */
export interface Surroundings {
	readonly environment: NodeJS.ProcessEnv;
	readonly umask: number;
}

interface Waiting {
	resolve(value: never): void;
	reject(error: Error): void;
}

export class Member {
	/** 1 and up; its successor has the same. */
	readonly number: number;
	readonly ended: Promise<End>;
	readonly #worker: Worker;
	readonly #waiting = new Map<number, Waiting>();
	#questions = 0;

	constructor(number: number, { environment, umask }: Surroundings) {
		this.number = number;
		const own = process.umask(umask);
		this.#worker = cluster.fork(environment);
		process.umask(own);
		closeOrphan(this.#worker.process);
		this.#worker.on("message", (message: unknown) => {
			if (isAnswer(message)) this.#take(message);
		});
		// Without a listener a message to a process that is gone would end this one: `ended` tells.
		this.#worker.on("error", () => {});
		this.ended = new Promise((resolve) =>
			this.#worker.once("exit", (status, signal) => {
				const gone = new NoAnswer(`worker ${number} ended`);
				for (const { reject } of this.#waiting.values()) reject(gone);
				this.#waiting.clear();
				resolve({ status, signal });
			}),
		);
	}

	get pid(): number | undefined {
		return this.#worker.process.pid;
	}

	/**
	 * @param deadline milliseconds; absent: as long as the process lives
	 * @throws NoAnswer; Error with the worker's own sentence
	 */
	ask<Duty extends keyof Duties>(
		duty: Duty,
		given?: Given<Duty>,
		deadline?: number,
	): Promise<Done<Duty>> {
		const id = ++this.#questions;
		const { promise, resolve, reject } = Promise.withResolvers<Done<Duty>>();
		const late = (): void =>
			reject(new NoAnswer(`worker ${this.number} does not answer`));
		const timer =
			deadline === undefined ? undefined : setTimeout(late, deadline);
		this.#waiting.set(id, { resolve, reject });
		const question: Question = { id, duty, given };
		if (!this.#worker.isConnected()) late();
		else this.#worker.send(question, (error) => error && late());
		return promise.finally(() => {
			clearTimeout(timer);
			this.#waiting.delete(id);
		});
	}

	kill(): void {
		this.#worker.process.kill("SIGKILL");
	}

	#take({ id, value, failure }: Answer): void {
		const waiting = this.#waiting.get(id);
		if (failure === undefined) waiting?.resolve(value as never);
		else waiting?.reject(new Error(failure));
	}
}
