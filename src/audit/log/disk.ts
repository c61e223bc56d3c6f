/** Calls to a disk that may hang: each has a deadline, and while one hangs others are refused at once. */

/** A disk that has not answered for this long counts as failed: requests wait for it. Milliseconds. */
const deadline = 2_000;

export interface Disk {
	/**
	 * @param late told of what a call came to that nobody waits for any more
	 * @throws Error past the deadline, or while an earlier call hangs, which may still come to something; what `work` throws
	 */
	within<T>(work: () => Promise<T>, late?: (result: T) => void): Promise<T>;
}

/** @param path for the message */
export function diskOf(path: string): Disk {
	let stuck: Promise<void> | undefined;
	return {
		async within(work, late) {
			if (stuck !== undefined) throw hung(path);
			let timer: NodeJS.Timeout | undefined;
			const over = new Promise<never>((_, reject) => {
				timer = setTimeout(() => reject(hung(path)), deadline);
			});
			let waiting = true;
			const working = work();
			const own = working.then(
				(result) => {
					if (!waiting) late?.(result);
				},
				() => {}, // told to whoever waits; where nobody does, the next one meets the same disk
			);
			stuck = own;
			void own.then(() => {
				if (stuck === own) stuck = undefined;
			});
			try {
				const result = await Promise.race([working, over]);
				stuck = undefined;
				return result;
			} finally {
				waiting = false;
				clearTimeout(timer);
			}
		},
	};
}

function hung(path: string): Error {
	return new Error(
		`${path} has not taken a record within ${deadline / 1000} s`,
	);
}
