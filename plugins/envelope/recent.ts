/** The values that were used last, by name. */
export class Recent<Value> {
	readonly #values = new Map<string, Value>();
	readonly #most: number;

	/** @param most values; the one that was not used for longest goes first */
	constructor(most: number) {
		this.#most = most;
	}

	get(name: string): Value | undefined {
		const value = this.#values.get(name);
		if (value !== undefined) this.set(name, value);
		return value;
	}

	delete(name: string): void {
		this.#values.delete(name);
	}

	set(name: string, value: Value): void {
		this.#values.delete(name);
		this.#values.set(name, value);
		if (this.#values.size > this.#most) {
			this.#values.delete(this.#values.keys().next().value as string);
		}
	}
}
