/** The gateway's side of the token's thread: requests out, answers in, by number. Who leaves is let go at once. */
import { Worker } from "node:worker_threads";
import type { Reply, Request, TokenPlace } from "./token-thread.ts";

type Waiter = (reply: Reply) => void;
type Asked = Request extends infer One
	? One extends Request
		? Omit<One, "id">
		: never
	: never;

export class Thread {
	readonly #worker: Worker;
	readonly #waiting = new Map<number, Waiter>();
	#next = 0;
	#over: Error | undefined;

	private constructor(worker: Worker) {
		this.#worker = worker;
		worker.unref();
		worker.on("message", (reply: Reply) => {
			if (!("id" in reply)) return;
			const waiter = this.#waiting.get(reply.id);
			this.#waiting.delete(reply.id);
			if (waiter !== undefined) waiter(reply);
			else if ("value" in reply) erase(reply.value);
		});
		worker.on("error", (error) => this.#end(error));
		worker.on("exit", () => this.#end(new Error("the token's thread ended")));
	}

	/** @throws Error what is missing */
	static async start(place: TokenPlace): Promise<Thread> {
		// Source and build differ in the ending.
		const file = import.meta.url.replace(/thread(\.[jt]s)$/, "token-thread$1");
		const worker = new Worker(new URL(file), { workerData: place });
		const { promise, resolve, reject } = Promise.withResolvers<Reply>();
		worker.once("message", resolve).once("error", reject);
		const first = await promise;
		if (!("missing" in first)) return new Thread(worker);
		await worker.terminate();
		throw new Error(first.missing);
	}

	/** What ended it. */
	get over(): Error | undefined {
		return this.#over;
	}

	/** @throws the signal's reason, or what ended the thread */
	async ask(asked: Asked, signal: AbortSignal): Promise<Reply> {
		signal.throwIfAborted();
		if (this.#over !== undefined) throw this.#over;
		const id = this.#next++;
		const { promise, resolve, reject } = Promise.withResolvers<Reply>();
		const leave = (): void => {
			this.#waiting.delete(id);
			reject(signal.reason);
		};
		this.#waiting.set(id, resolve);
		signal.addEventListener("abort", leave, { once: true });
		this.#worker.ref();
		this.#worker.postMessage({ ...asked, id } as Request);
		try {
			return await promise;
		} finally {
			signal.removeEventListener("abort", leave);
			if (this.#waiting.size === 0) this.#worker.unref();
		}
	}

	/** Its session is closed once the call under way is over. */
	close(): void {
		this.#worker.postMessage({ id: -1, act: "close" } as Request);
		this.#end(new Error("the key provider was closed"));
	}

	#end(error: Error): void {
		this.#over ??= error;
		const failure = { kind: "outage", said: error.message, why: "" } as const;
		for (const [id, waiter] of this.#waiting) waiter({ id, failure });
		this.#waiting.clear();
	}
}

function erase(value: unknown): void {
	const { key } = (value ?? {}) as { key?: Uint8Array };
	key?.fill(0);
}
