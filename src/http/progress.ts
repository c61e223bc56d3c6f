/** Gives a transfer up by lack of progress, never by total time: a slow upload of 50 GiB lives, a stalled one dies. */

export interface ProgressLimits {
	/** Bytes a second that a transfer must keep up, on average over one grace period. */
	readonly minimumBodyRate: number;
	/** Milliseconds before the first judgement, and between judgements. */
	readonly bodyGrace: number;
}

export interface Progress {
	moved(bytes: number): void;
	/** Judges nothing while the other side is the one that is waited for. */
	pause(): void;
	resume(): void;
	end(): void;
}

/** Calls `stalled` once, when a whole grace period that was never paused brought less than the minimum. */
export function watchProgress(
	limits: ProgressLimits,
	stalled: () => void,
): Progress {
	let bytes = 0;
	let paused = false;
	let excused = false;
	const timer = setInterval(() => {
		if (!excused && bytes * 1_000 < limits.minimumBodyRate * limits.bodyGrace) {
			clearInterval(timer);
			stalled();
			return;
		}
		bytes = 0;
		excused = paused;
	}, limits.bodyGrace);
	timer.unref();
	return {
		moved(count) {
			bytes += count;
		},
		pause() {
			paused = true;
			excused = true;
		},
		resume() {
			paused = false;
		},
		end() {
			clearInterval(timer);
		},
	};
}
