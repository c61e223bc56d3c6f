/** How often something may be done: a number at once, and a rate over time with a burst. */
export class Budget {
	readonly #burst: number;
	readonly #perSecond: number;
	readonly #atOnce: number;
	readonly #now: () => number;
	#left: number;
	#since: number;
	#taken = 0;

	/** @param now milliseconds */
	constructor(
		bounds: {
			readonly burst: number;
			readonly perSecond: number;
			readonly atOnce: number;
		},
		now: () => number = Date.now,
	) {
		this.#burst = bounds.burst;
		this.#perSecond = bounds.perSecond;
		this.#atOnce = bounds.atOnce;
		this.#now = now;
		this.#left = bounds.burst;
		this.#since = now();
	}

	/** @returns whether it may be done now; if so, `giveBack` is due when it is over */
	take(): boolean {
		const now = this.#now();
		const grown = ((now - this.#since) / 1_000) * this.#perSecond;
		this.#left = Math.min(this.#burst, this.#left + Math.max(0, grown));
		this.#since = now;
		if (this.#left < 1 || this.#taken >= this.#atOnce) return false;
		this.#left -= 1;
		this.#taken += 1;
		return true;
	}

	giveBack(): void {
		this.#taken -= 1;
	}
}
