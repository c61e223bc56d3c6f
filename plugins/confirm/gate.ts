/** Which buckets are open to writes: those whose store a probe has proven, until a write contradicts it. */
import { SealgateError } from "../../src/index.ts";

/** What a probe found out. */
export type Finding =
	| {
			readonly outcome: "proven";
			/** What went wrong beside the proof. */
			readonly remark?: string | undefined;
	  }
	/** `denied`: the store does not encrypt as asked for. `refused`: it did not let this client find out. */
	| { readonly outcome: "denied" | "refused"; readonly reason: string };

/** The leave to send one write. */
export interface Leave {
	/** The write is confirmed. */
	confirmed(): void;
	/**
	 * The write contradicts the proof: closes the bucket until a probe succeeds, unless a later proof has opened it
	 * since. Only this client then waits ever longer: the upload that it goes on with may have begun elsewhere, and must
	 * not close the bucket to others.
	 */
	close(reason: string): void;
}

interface Trouble {
	/** Failures in a row. */
	readonly strikes: number;
	/** Until then nothing is tried. */
	readonly until: number;
	readonly reason: string;
}

interface Bucket {
	/** Grows when the bucket closes; proofs of an earlier one are void. */
	epoch: number;
	/** Of probes that found it does not encrypt. */
	trouble: Trouble;
	/** Why a write closed it. */
	contradiction: string | undefined;
	remark: string | undefined;
	readonly clients: Map<string, Standing>;
}

/** Each client may come with credentials of its own, so each has a probe of its own. */
interface Standing {
	provenIn: number;
	/** Of probes that were refused. */
	trouble: Trouble;
	/** Of writes that contradicted the proof. */
	contradicted: Trouble;
	probing: Promise<void> | undefined;
}

const calm: Trouble = {
	strikes: 0,
	until: Number.NEGATIVE_INFINITY,
	reason: "",
};
/** Buckets that are remembered; one that is forgotten is proven again. */
const mostBuckets = 1_000;
/** Milliseconds. */
const firstWait = 1_000;
const longestWait = 60_000;

export class Gate {
	readonly #buckets = new Map<string, Bucket>();
	readonly #now: () => number;

	/** @param now milliseconds of a clock that never goes back */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
	}

	/**
	 * Waits for the proof of the store, which the first writer begins and all share.
	 * @throws SealgateError `unconfirmed` where there is none, and what `probe` throws
	 */
	async enter(
		name: string,
		client: string,
		probe: () => Promise<Finding>,
	): Promise<Leave> {
		const bucket = this.#bucket(name);
		const standing = standingOf(bucket, client);
		while (standing.provenIn !== bucket.epoch) {
			standing.probing ??= this.#prove(name, bucket, standing, probe).finally(
				() => {
					standing.probing = undefined;
				},
			);
			await standing.probing;
		}
		const { epoch } = bucket;
		return {
			confirmed() {
				if (bucket.epoch !== epoch) return;
				bucket.trouble = calm;
				bucket.contradiction = undefined;
				standing.contradicted = calm;
			},
			close: (reason) => {
				if (bucket.epoch !== epoch) return;
				bucket.epoch += 1;
				bucket.contradiction = reason;
				standing.contradicted = worse(
					standing.contradicted,
					reason,
					this.#now(),
				);
			},
		};
	}

	/** A sentence for each bucket that is closed, or that has something to say. */
	troubles(): string[] {
		return [...this.#buckets].flatMap(([name, bucket]) =>
			[bucket.trouble.reason, bucket.contradiction ?? "", bucket.remark ?? ""]
				.filter((text) => text !== "")
				.map((text) => `bucket ${name}: ${text}`),
		);
	}

	async #prove(
		name: string,
		bucket: Bucket,
		standing: Standing,
		probe: () => Promise<Finding>,
	): Promise<void> {
		const { trouble, contradicted } = standing;
		for (const wait of [bucket.trouble, trouble, contradicted]) {
			if (wait.until > this.#now()) throw this.#closed(name, wait);
		}
		const { epoch } = bucket;
		const finding = await probe();
		if (finding.outcome === "proven") {
			standing.provenIn = epoch;
			standing.trouble = calm;
			bucket.remark = finding.remark;
			return;
		}
		const { reason } = finding;
		if (finding.outcome === "denied") {
			// It bears out the write that closed the bucket, which was the first failure.
			const first = bucket.contradiction === undefined ? 0 : 1;
			const strikes = Math.max(bucket.trouble.strikes, first);
			const before = { ...bucket.trouble, strikes };
			bucket.epoch += 1;
			bucket.contradiction = undefined;
			bucket.trouble = worse(before, reason, this.#now());
		} else standing.trouble = worse(standing.trouble, reason, this.#now());
		const place = finding.outcome === "denied" ? bucket : standing;
		throw this.#closed(name, place.trouble);
	}

	#closed(bucket: string, { reason, until }: Trouble): SealgateError {
		const wait = until - this.#now();
		const again =
			wait > 0
				? `The store is asked again in ${Math.ceil(wait / 1_000)} s.`
				: "The next write asks it again.";
		return new SealgateError(
			"unconfirmed",
			`Access Denied: nothing was written to bucket ${bucket}, for its store is not proven to encrypt: ${reason}. ${again}`,
		);
	}

	/** The one that was longest not asked for is forgotten first. */
	#bucket(name: string): Bucket {
		const found = this.#buckets.get(name) ?? {
			epoch: 0,
			trouble: calm,
			contradiction: undefined,
			remark: undefined,
			clients: new Map(),
		};
		this.#buckets.delete(name);
		this.#buckets.set(name, found);
		if (this.#buckets.size > mostBuckets) {
			const [oldest = ""] = this.#buckets.keys();
			this.#buckets.delete(oldest);
		}
		return found;
	}
}

function standingOf(bucket: Bucket, client: string): Standing {
	const found = bucket.clients.get(client) ?? {
		provenIn: -1,
		trouble: calm,
		contradicted: calm,
		probing: undefined,
	};
	bucket.clients.set(client, found);
	return found;
}

/** After the first failure the next write tries again; from the second on there is a wait, each twice the one before. */
function worse({ strikes }: Trouble, reason: string, now: number): Trouble {
	const wait =
		strikes === 0 ? 0 : Math.min(longestWait, firstWait * 2 ** (strikes - 1));
	return { strikes: strikes + 1, until: now + wait, reason };
}
