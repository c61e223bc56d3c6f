/** What holds the keys that wrap wrapping keys: the embedded keyring, a KMS, an HSM. */
import type { KeyContext } from "./context.ts";

/**
 * `enabled`: may be used. `disabled`: refuses, until enabled again. `pending-deletion`: refuses, and is destroyed at its
 * date unless the deletion is cancelled. `destroyed`: its material is gone; what it wrapped stays shut for good.
 */
export type KeyState =
	| "enabled"
	| "disabled"
	| "pending-deletion"
	| "destroyed";

export interface KeyDescription {
	/** Never an alias. */
	readonly keyId: string;
	readonly aliases: readonly string[];
	readonly state: KeyState;
	/** Absent where the provider does not tell. */
	readonly created?: Date;
	/** The version that new keys are wrapped under, where the provider tells. */
	readonly version?: number;
	/** When a pending deletion takes effect. */
	readonly deletionAt?: Date;
}

export interface GeneratedKey {
	/** 32 random bytes; the caller's, who erases them. */
	readonly key: Buffer;
	/** At most 6,144 bytes; opened by `unwrap` under the same key id and context. */
	readonly wrapped: Buffer;
	/** As records keep it: never an alias. */
	readonly keyId: string;
}

/**
 * Every method may be called concurrently, and settles soon after its signal is aborted. What it throws:
 * `key-not-found`, `key-disabled`, `key-pending-deletion`, `key-unusable`; `key-denied` where the provider denies this
 * gateway the key; `credentials-unavailable` where it does not know the gateway; KeysUnavailable where asking again may
 * help (no answer, throttled, 5xx): that alone is tried again, and counts for the circuit breaker; DecryptionError
 * `wrapping-key-refused` where the provider looked at the blob and refused it.
 */
export interface KeyProvider {
	/** @param keyId id or alias */
	generate(
		keyId: string,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<GeneratedKey>;
	/**
	 * The 32 bytes, the caller's.
	 * @param keyId pins the key: a blob of any other is refused, wherever it came from
	 */
	unwrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer>;
	/** The same key under the newest version, without showing it. Absent where the provider cannot. */
	rewrap?(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer>;
	/** @param keyId id or alias */
	describe(keyId: string, signal: AbortSignal): Promise<KeyDescription>;
	/** Whether two ids name one key, where a key has several: replicas of it. Absent: where they are equal. */
	sameKey?(one: string, other: string): boolean;
	/** Resolves where the provider would answer now. */
	ready?(signal: AbortSignal): Promise<void>;
	/** Erases what is held; later calls fail. */
	close?(): Promise<void>;
}
