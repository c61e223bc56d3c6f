/** What a token answers instead of a key, as it crosses from its thread. */
export type FailureKind =
	/** Session, login or token are gone: asked again once. */
	| "lost"
	| "outage"
	/** The blob was looked at. */
	| "refused"
	| "credentials"
	| "key-not-found"
	| "key-disabled"
	| "key-unusable";

export class TokenFailure extends Error {
	readonly kind: FailureKind;
	/** For the client, where the kind does not say it. */
	readonly why: string;

	/** @param said by the library: `CKR_…` */
	constructor(kind: FailureKind, said: string, why = "") {
		super(said);
		this.kind = kind;
		this.why = why;
	}
}
