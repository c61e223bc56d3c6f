/** Items to an action, several at once, and their ends in the order in which they came. */

export interface Pace {
	/** Most actions at once. */
	readonly parallel: number;
	/** Most that begin in a second; absent: as many as can. */
	readonly rate?: number | undefined;
	/** Aborted: nothing more begins, and what has begun ends. */
	readonly signal: AbortSignal;
}

/** Ends that wait for an earlier one, for each action at work: a large object does not stop the small ones behind it. */
const ahead = 64;

/**
 * @param act what it rejects with ends the work, once what has begun has ended
 * @param settle told of each end, in the order of `items`, without gaps
 */
export async function work<Item, End>(
	items: AsyncIterable<Item>,
	act: (item: Item) => Promise<End>,
	settle: (item: Item, end: End) => void,
	{ parallel, rate, signal }: Pace,
): Promise<void> {
	const waiting: { readonly item: Item; end?: { readonly value: End } }[] = [];
	const failures: unknown[] = [];
	let active = 0;
	let wake = (): void => {};
	const change = (): Promise<void> =>
		new Promise((resolve) => (wake = resolve));
	const begin = (item: Item): void => {
		const slot: (typeof waiting)[number] = { item };
		waiting.push(slot);
		active += 1;
		void act(item)
			.then((value) => {
				slot.end = { value };
				for (let first = waiting[0]; first?.end; first = waiting[0]) {
					waiting.shift();
					settle(first.item, first.end.value);
				}
			})
			.catch((error: unknown) => failures.push(error))
			.finally(() => {
				active -= 1;
				wake();
			});
	};
	const wait = paced(rate, signal);
	try {
		for await (const item of items) {
			await wait();
			while (active >= parallel || waiting.length >= parallel * ahead) {
				if (failures.length > 0) break;
				await change();
			}
			if (failures.length > 0 || signal.aborted) break;
			begin(item);
		}
	} catch (error) {
		failures.push(error);
	}
	while (active > 0) await change();
	if (failures.length > 0) throw failures[0];
}

/** Resolves when the next may begin. */
function paced(
	rate: number | undefined,
	signal: AbortSignal,
): () => Promise<void> {
	let next = 0;
	return async () => {
		if (rate === undefined) return;
		const now = performance.now();
		next = Math.max(now, next);
		const delay = next - now;
		next += 1_000 / rate;
		if (delay > 0) await rest(delay, signal);
	};
}

/** Milliseconds, or until the signal aborts. */
export function rest(delay: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			clearTimeout(timer);
			signal.removeEventListener("abort", done);
			resolve();
		};
		const timer = setTimeout(done, delay);
		signal.addEventListener("abort", done);
	});
}
