/** Keeps as many workers serving as were asked for, all under the same configuration. */
import cluster from "node:cluster";
import { setTimeout as pause } from "node:timers/promises";
import type { Sources } from "../config/sources.ts";
import type { GatewayState } from "../gateway-state.ts";
import type { Log } from "../telemetry/log.ts";
import { counted, type MetricsSnapshot } from "../telemetry/snapshot.ts";
import { type End, Member, NoAnswer, type Surroundings } from "./member.ts";
import type { Standing } from "./messages.ts";
import { Restarts } from "./restarts.ts";

/** Milliseconds in which a worker that does not hang answers. */
const answerTime = 2_000;

/** Milliseconds in which one has made what a new configuration wants: key providers may be far. */
const prepareTime = 60_000;

/** Milliseconds beyond the time for draining after which a worker is killed. */
const stopGrace = 5_000;

export interface PoolOptions extends Surroundings {
	readonly workers: number;
	readonly log: Log;
	/** A worker ended that was not told to. */
	died(): void;
	/** Workers end again and again before they have served. */
	gaveUp(error: Error): void;
}

export class Pool {
	readonly #options: PoolOptions;
	/** Those that serve, by number. */
	readonly #serving = new Map<number, Member>();
	readonly #starting = new Set<Member>();
	readonly #last = new Map<Member, MetricsSnapshot>();
	/** Counts of workers that are gone. */
	#gone: Promise<MetricsSnapshot> = Promise.resolve([]);
	#inForce: Sources;
	#standing: Standing = { address: "", keyFiles: [] };
	/** Reloads and replacements come one after the other: a new worker begins with what is in force. */
	#turn: Promise<unknown> = Promise.resolve();
	#stopping = false;

	constructor(sources: Sources, options: PoolOptions) {
		this.#inForce = sources;
		this.#options = options;
		cluster.schedulingPolicy = cluster.SCHED_RR;
		cluster.setupPrimary({ serialization: "advanced" });
	}

	get serving(): number {
		return this.#serving.size;
	}

	get standing(): Standing {
		return this.#standing;
	}

	/** @throws Error with the sentence of the first that cannot serve; none is left then */
	async start(): Promise<void> {
		const numbers = Array.from(
			{ length: this.#options.workers },
			(_, index) => index + 1,
		);
		try {
			await Promise.all(numbers.map((number) => this.#begin(number)));
		} catch (error) {
			this.#stopping = true;
			for (const member of this.#all()) member.kill();
			await Promise.all([...this.#all()].map(({ ended }) => ended));
			throw error;
		}
		for (const member of this.#serving.values())
			void this.#keep(member, new Restarts());
	}

	/** All take the new configuration into force, or none does. @throws Error with the sentence of one that cannot */
	reload(sources: Sources): Promise<void> {
		return this.#inTurn(async () => {
			const members = [...this.#serving.values()];
			const prepared = await Promise.allSettled(
				members.map((member) => member.ask("prepare", sources, prepareTime)),
			);
			const refused = prepared.find(
				(result) =>
					result.status === "rejected" && !(result.reason instanceof NoAnswer),
			);
			if (refused?.status === "rejected") {
				await Promise.allSettled(
					members.map((member) => member.ask("drop", undefined, answerTime)),
				);
				throw refused.reason;
			}
			this.#inForce = sources;
			const taken = await Promise.allSettled(
				members.map((member) => member.ask("take", undefined, answerTime)),
			);
			for (const [index, result] of taken.entries()) {
				if (result.status === "fulfilled") this.#standing = result.value;
				// Two configurations in force would be worse than a worker that begins again.
				else members[index]?.kill();
			}
		});
	}

	async reloadKeys(): Promise<void> {
		await Promise.allSettled(
			[...this.#serving.values()].map((member) =>
				member.ask("reloadKeys", undefined, prepareTime),
			),
		);
	}

	/** Of each worker that serves; undefined where it gives no answer. */
	states(): Promise<(GatewayState | undefined)[]> {
		return Promise.all(
			[...this.#serving.values()].map((member) =>
				member.ask("state", undefined, answerTime).catch(() => undefined),
			),
		);
	}

	/** Of all that ever served: what a worker that is gone had counted when it was last asked is kept. */
	async snapshots(): Promise<MetricsSnapshot[]> {
		await Promise.all(
			[...this.#serving.values()].map(async (member) => {
				const snapshot = await member
					.ask("metrics", undefined, answerTime)
					.catch(() => undefined);
				if (snapshot !== undefined && this.#isServing(member))
					this.#last.set(member, snapshot);
			}),
		);
		const last = [...this.#last.values()];
		return [...last, await this.#gone];
	}

	/** @param drain milliseconds that requests in flight may take */
	async stop(drain: number): Promise<void> {
		this.#stopping = true;
		// Nobody is connected to one that does not serve yet.
		for (const member of this.#starting) member.kill();
		await Promise.all(
			[...this.#serving.values()].map(async (member) => {
				await member
					.ask("stop", undefined, drain + stopGrace)
					.catch(() => member.kill());
				await member.ended;
			}),
		);
		await Promise.all([...this.#starting].map(({ ended }) => ended));
	}

	#all(): Set<Member> {
		return new Set([...this.#starting, ...this.#serving.values()]);
	}

	#isServing(member: Member): boolean {
		return this.#serving.get(member.number) === member;
	}

	#inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
		const done = this.#turn.then(act);
		this.#turn = done.catch(() => {}); // whoever asked is told
		return done;
	}

	/** @throws Error where it cannot serve; it has ended then */
	async #begin(number: number): Promise<Member> {
		const member = new Member(number, this.#options);
		this.#starting.add(member);
		try {
			const sources = this.#inForce;
			this.#standing = await member.ask("start", { number, sources });
			this.#serving.set(number, member);
			const { pid } = member;
			this.#options.log.event("info", "worker serves", { worker: number, pid });
			return member;
		} catch (error) {
			member.kill();
			const end = await member.ended;
			throw error instanceof NoAnswer ? new Error(sentenceOf(end)) : error;
		} finally {
			this.#starting.delete(member);
		}
	}

	/** Waits for the end of a worker, and begins another in its place, again and again. */
	async #keep(first: Member, restarts: Restarts): Promise<void> {
		const { number } = first;
		let member: Member | undefined = first;
		let reason = "";
		while (true) {
			const began = performance.now();
			if (member !== undefined) {
				reason = sentenceOf(await member.ended);
				this.#forget(member);
			}
			if (this.#stopping) return;
			const served = member === undefined ? 0 : performance.now() - began;
			this.#tellEnd(number, member?.pid, reason);
			const wait = restarts.after(served);
			if (wait === undefined) {
				const sentence = `worker ${number} ends as often as it begins: ${reason}`;
				return this.#options.gaveUp(new Error(sentence));
			}
			await pause(wait);
			member = await this.#inTurn(() => this.#successor(number)).catch(
				(error: Error) => {
					reason = error.message;
					return undefined;
				},
			);
			if (member === undefined && this.#stopping) return;
		}
	}

	async #successor(number: number): Promise<Member | undefined> {
		return this.#stopping ? undefined : await this.#begin(number);
	}

	#tellEnd(worker: number, pid: number | undefined, reason: string): void {
		this.#options.died();
		this.#options.log.event("error", "a worker ended", { worker, pid, reason });
	}

	#forget(member: Member): void {
		const last = this.#last.get(member);
		if (this.#isServing(member)) this.#serving.delete(member.number);
		this.#last.delete(member);
		if (last === undefined) return;
		this.#gone = this.#gone.then((gone) => counted([gone, last]));
	}
}

function sentenceOf(end: End): string {
	return end.signal === null
		? `it ended with status ${end.status}`
		: `it was ended by ${end.signal}`;
}
