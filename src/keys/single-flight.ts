/** One call for all who want the same at the same time. A waiter may leave; the call goes on for the others. */
export class SingleFlight<T> {
	readonly #flights = new Map<string, Promise<T>>();

	/**
	 * @param leave rejects this waiter alone
	 * @returns the outcome and whether this waiter began the call
	 */
	async join(
		name: string,
		begin: () => Promise<T>,
		leave: AbortSignal,
	): Promise<{ value: T; began: boolean }> {
		leave.throwIfAborted();
		const flying = this.#flights.get(name);
		const flight = flying ?? begin();
		if (flying === undefined) {
			this.#flights.set(name, flight);
			const land = (): void => {
				this.#flights.delete(name);
			};
			flight.then(land, land);
		}
		const value = await unless(leave, flight);
		return { value, began: flying === undefined };
	}
}

function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		const leave = (): void => reject(signal.reason);
		signal.addEventListener("abort", leave, { once: true });
		promise
			.then(resolve, reject)
			.finally(() => signal.removeEventListener("abort", leave));
	});
}
