/** Changes that happen one after the other, in the order in which they were asked for. */
export class Turns {
	#last: Promise<unknown> = Promise.resolve();

	take<T>(change: () => Promise<T>): Promise<T> {
		const turn = this.#last.then(change);
		this.#last = turn.catch(() => {});
		return turn;
	}
}
