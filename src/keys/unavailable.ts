/** A key provider that cannot be reached or cannot serve now: what its circuit breaker counts. */
import { SealgateError } from "../errors.ts";

export type Outage =
	/** No answer in time. */
	| "timeout"
	/** No connection, or one that broke. */
	| "unreachable"
	| "throttled"
	/** 5xx. */
	| "server-error"
	/** An answer that is none of its protocol, or of its own rules. */
	| "malformed"
	/** Not asked, because of those before. */
	| "circuit-open";

/** `keys-unavailable`, with what happened. */
export class KeysUnavailable extends SealgateError {
	readonly outage: Outage;

	/** @param cause for the operator: its message holds no secret, and the client does not see it */
	constructor(outage: Outage, cause?: Error) {
		super(
			"keys-unavailable",
			`The key provider does not serve now (${outage}). Try again.`,
			{ cause },
		);
		this.outage = outage;
	}
}
