/** Blobs that a key provider refused: for a while the provider is not asked again. */
import type { DecryptionError } from "../crypto/decryption-error.ts";

interface Refusal {
	readonly error: DecryptionError;
	readonly until: number;
}

export class Refusals {
	readonly #most: number;
	readonly #age: number;
	readonly #refused = new Map<string, Refusal>();

	/** @param most remembered at once, the oldest goes first @param age in milliseconds */
	constructor(most: number, age: number) {
		this.#most = most;
		this.#age = age;
	}

	add(name: string, error: DecryptionError, now: number): void {
		this.#refused.delete(name);
		this.#refused.set(name, { error, until: now + this.#age });
		if (this.#refused.size > this.#most) this.#forgetOldest();
	}

	/** @throws DecryptionError the provider's own, where it is remembered */
	throwIfKnown(name: string, now: number): void {
		const refusal = this.#refused.get(name);
		if (refusal === undefined) return;
		if (refusal.until > now) throw refusal.error;
		this.#refused.delete(name);
	}

	clear(): void {
		this.#refused.clear();
	}

	#forgetOldest(): void {
		const [oldest] = this.#refused.keys();
		if (oldest !== undefined) this.#refused.delete(oldest);
	}
}
