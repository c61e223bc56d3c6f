/** Objects and stored bytes by group. Pure. */

export interface Count {
	readonly group: Readonly<Record<string, string>>;
	readonly objects: number;
	readonly bytes: number;
}

/** Counts that grow, by one object a time. */
export class Tally {
	readonly #counts = new Map<string, Count>();

	constructor(counts: readonly Count[] = []) {
		for (const count of counts) this.#counts.set(nameOf(count.group), count);
	}

	add(group: Count["group"], bytes: number): void {
		const name = nameOf(group);
		const before = this.#counts.get(name) ?? { objects: 0, bytes: 0 };
		const objects = before.objects + 1;
		this.#counts.set(name, { group, objects, bytes: before.bytes + bytes });
	}

	/** In the order of their groups. */
	counts(): Count[] {
		return [...this.#counts.entries()]
			.sort(([one], [other]) => (one < other ? -1 : 1))
			.map(([, count]) => count);
	}

	get objects(): number {
		return this.counts().reduce((sum, { objects }) => sum + objects, 0);
	}
}

function nameOf(group: Count["group"]): string {
	return JSON.stringify(Object.entries(group));
}
