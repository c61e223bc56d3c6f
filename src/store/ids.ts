/** Ids that are unique and stand in the order of time. */
import { randomBytes } from "node:crypto";

const last = 2n ** 64n - 1n;

/**
 * Makes ids of 32 hex digits. Each sorts before (`newest first`) or behind (`oldest first`) all that were made earlier,
 * also where the clock stands still or is set back: a listing can go on behind an entry that was removed meanwhile.
 * @param now milliseconds
 */
export function orderedIds(
	order: "newest first" | "oldest first",
	now: () => number,
): () => string {
	let moment = 0n;
	return () => {
		const earliest = BigInt(now()) << 20n;
		moment = earliest > moment ? earliest : moment + 1n;
		const place = order === "oldest first" ? moment : last - moment;
		return (
			place.toString(16).padStart(16, "0") + randomBytes(8).toString("hex")
		);
	};
}
