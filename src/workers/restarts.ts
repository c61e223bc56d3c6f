/** When a worker that ended is replaced, and when there is no use in it. Pure. */

/** Milliseconds after which a worker counts as one that works. */
export const settledAfter = 2_000;

/** How many in a row may end before they have worked. */
const mostInVain = 5;

/** Milliseconds before the second in a row; twice as long before each further one. */
const firstPause = 100;

/** Of the workers that follow each other in one place. */
export class Restarts {
	#inVain = 0;

	/**
	 * @param served milliseconds for which the worker had served; 0 where it never did
	 * @returns milliseconds until the next begins, or undefined where it would not live either
	 */
	after(served: number): number | undefined {
		if (served >= settledAfter) {
			this.#inVain = 0;
			return 0;
		}
		this.#inVain += 1;
		if (this.#inVain >= mostInVain) return undefined;
		return firstPause * 2 ** (this.#inVain - 1);
	}
}
