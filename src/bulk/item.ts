/** One object, or one version of it, as a listing or an inventory names it. */

export interface Item {
	readonly key: string;
	/** Absent: the newest. */
	readonly versionId?: string;
	/** Whether it is what its key names now. */
	readonly latest: boolean;
	/** Stored bytes, as the store counts them. */
	readonly size: number;
	/** Where a later run goes on once this one and all before it are settled; absent where it is between two such places. */
	readonly position?: string;
}

/** What became of it. */
export interface Settled {
	/** By what it is counted; undefined where it is no more. */
	readonly group: Readonly<Record<string, string>> | undefined;
	/** Why the run cannot call itself done: `left` was not touched, `failed` is tried again by the next run. */
	readonly trouble?: {
		readonly kind: "left" | "failed";
		readonly reason: string;
	};
}
