/** Random choices that a seed repeats. */

export class Draw {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** Mulberry32, which is enough for tests. @returns 0 to below `bound` */
	below(bound: number): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound;
	}

	/** Both ends included. */
	whole(least: number, most: number): number {
		return least + Math.floor(this.below(most - least + 1));
	}

	/** @param share 0 to 1 */
	chance(share: number): boolean {
		return this.below(1) < share;
	}

	pick<T>(from: readonly T[]): T {
		return from[Math.floor(this.below(from.length))] as T;
	}

	shuffled<T>(from: readonly T[]): T[] {
		const left = [...from];
		const out: T[] = [];
		while (left.length > 0) {
			out.push(...left.splice(Math.floor(this.below(left.length)), 1));
		}
		return out;
	}

	/** One of the names, each as often as its weight says. */
	weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
		const entries = Object.entries(weights) as [T, number][];
		const all = entries.reduce((sum, [, weight]) => sum + weight, 0);
		let at = this.below(all);
		for (const [name, weight] of entries) {
			at -= weight;
			if (at < 0) return name;
		}
		return (entries.at(-1) as [T, number])[0];
	}
}
