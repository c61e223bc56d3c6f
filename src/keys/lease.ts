/** A wrapping key that is held in several places at once, and erased when the last of them has let it go. */
import type { WrappingKey } from "../crypto/record-seal.ts";
import { SealgateError } from "../errors.ts";
import type { GeneratedKey } from "./provider.ts";

/** Use within one request: `using lease = await cache.forSealing(…)`. */
export interface KeyLease extends WrappingKey, Disposable {
	/** Whether the key provider was asked for this very request. */
	readonly fromProvider: boolean;
}

export class SharedKey {
	readonly keyId: string;
	readonly wrapped: Buffer;
	readonly #key: Buffer;
	/** The creator holds it first. */
	#holders = 1;

	/** Takes the key's bytes over. */
	constructor(generated: GeneratedKey) {
		this.keyId = generated.keyId;
		this.wrapped = generated.wrapped;
		this.#key = generated.key;
	}

	/** One holder more; `false` where the key has been erased already. */
	hold(): boolean {
		if (this.#holders === 0) return false;
		this.#holders++;
		return true;
	}

	/** One holder less; the last one erases. */
	letGo(): void {
		if (--this.#holders === 0) this.#key.fill(0);
	}

	/** `undefined` where the key has been erased already. */
	lease(fromProvider: boolean): KeyLease | undefined {
		if (!this.hold()) return undefined;
		const { keyId, wrapped } = this;
		const key = this.#key;
		let returned = false;
		return {
			keyId,
			wrapped,
			fromProvider,
			get key() {
				if (!returned) return key;
				throw new SealgateError(
					"internal",
					"A wrapping key was used after its lease had ended.",
				);
			},
			[Symbol.dispose]: () => {
				if (returned) return;
				returned = true;
				this.letGo();
			},
		};
	}
}
