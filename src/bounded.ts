/** Work on many items with only so many at a time under way. */

/**
 * The results in the order of the items. The first failure ends it: nothing is begun after that.
 * @param most at a time
 */
export async function bounded<Item, Result>(
	items: readonly Item[],
	most: number,
	work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
	const results = new Array<Result>(items.length);
	let next = 0;
	let failed = false;
	const worker = async (): Promise<void> => {
		while (next < items.length && !failed) {
			const index = next++;
			try {
				results[index] = await work(items[index] as Item, index);
			} catch (error) {
				failed = true;
				throw error;
			}
		}
	};
	const workers = Array.from({ length: Math.min(most, items.length) }, worker);
	await Promise.all(workers);
	return results;
}
