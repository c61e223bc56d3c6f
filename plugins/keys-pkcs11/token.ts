/**
 * One token, asked by one thread: finds its keys, and wraps and opens by them, AES-256-GCM in the token. A session that
 * was lost is opened again, once a call.
 */
import { type Handle, type Library, type Pkcs11, saidBy } from "./cryptoki.ts";
import { TokenFailure } from "./token-failure.ts";
import { factsOf, type TokenKey } from "./token-key.ts";
import { opened, sealed } from "./wrapped-key.ts";

/** What says that session, login or handle is gone, and nothing of the key. */
const lost =
	/^CKR_(SESSION_(HANDLE_INVALID|CLOSED)|USER_NOT_LOGGED_IN|DEVICE_(REMOVED|ERROR)|TOKEN_NOT_(PRESENT|RECOGNIZED)|(KEY|OBJECT)_HANDLE_INVALID|OPERATION_ACTIVE)$/;
const wrongPin = /^CKR_(PIN_|USER_PIN_NOT_INITIALIZED)/;

export class Token {
	readonly #pkcs11: Pkcs11;
	readonly #library: Library;
	readonly #label: string;
	readonly #pin: string;
	#session: Handle | undefined;
	#refusedPin: TokenFailure | undefined;

	constructor(pkcs11: Pkcs11, library: Library, label: string, pin: string) {
		this.#pkcs11 = pkcs11;
		this.#library = library;
		this.#label = label;
		this.#pin = pin;
	}

	generate(name: string, context: Uint8Array) {
		return this.#asked((session) => {
			const { key, facts } = this.#find(session, name);
			const random = Buffer.alloc(32);
			this.#library.C_GenerateRandom(session, random);
			const wrapped = sealed(this.#cipher(session, key), random, {
				...{ keyId: facts.keyId, context },
			});
			return { key: random, wrapped, keyId: facts.keyId };
		});
	}

	open(name: string, wrapped: Uint8Array, context: Uint8Array) {
		return this.#asked((session) => {
			const { key, facts } = this.#find(session, name);
			const bound = { keyId: facts.keyId, context };
			return opened(this.#cipher(session, key), wrapped, bound);
		});
	}

	describe(name: string): TokenKey {
		return this.#asked((session) => this.#find(session, name).facts);
	}

	close(): void {
		const session = this.#session;
		this.#session = undefined;
		if (session === undefined) return;
		try {
			// No logout: it would be one for every session of this process.
			this.#library.C_CloseSession(session);
		} catch {
			// It was gone already.
		}
	}

	#cipher(session: Handle, key: Handle) {
		return { pkcs11: this.#pkcs11, library: this.#library, session, key };
	}

	#asked<Answer>(act: (session: Handle) => Answer): Answer {
		try {
			return this.#once(act);
		} catch (error) {
			if (!(error instanceof TokenFailure) || error.kind !== "lost")
				throw error;
			this.close();
		}
		return this.#once(act);
	}

	#once<Answer>(act: (session: Handle) => Answer): Answer {
		try {
			return act(this.#opened());
		} catch (error) {
			if (error instanceof TokenFailure) throw error;
			const said = saidBy(error);
			if (said === "CKR_KEY_FUNCTION_NOT_PERMITTED")
				throw new TokenFailure("key-disabled", said);
			if (/^CKR_(MECHANISM|KEY_TYPE|KEY_SIZE|ARGUMENTS)_/.test(said))
				throw new TokenFailure(
					"key-unusable",
					said,
					"the token does not wrap by AES-GCM with it",
				);
			throw new TokenFailure(lost.test(said) ? "lost" : "outage", said);
		}
	}

	#opened(): Handle {
		if (this.#session !== undefined) return this.#session;
		const { CKF_SERIAL_SESSION = 0 } = this.#pkcs11;
		const slots = this.#library.C_GetSlotList(true);
		const slot = slots.find((slot) => {
			const { label } = this.#library.C_GetTokenInfo(slot);
			return label.replace(/[ \0]+$/, "") === this.#label;
		});
		if (slot === undefined)
			throw new TokenFailure("lost", `no token "${this.#label}"`);
		const session = this.#library.C_OpenSession(slot, CKF_SERIAL_SESSION);
		this.#session = session;
		this.#logIn(session);
		return session;
	}

	/** @returns whether nobody was logged in */
	#logIn(session: Handle): boolean {
		// A token locks itself after a few wrong ones.
		if (this.#refusedPin !== undefined) throw this.#refusedPin;
		try {
			this.#library.C_Login(session, this.#pkcs11.CKU_USER ?? 1, this.#pin);
			return true;
		} catch (error) {
			const said = saidBy(error);
			if (said === "CKR_USER_ALREADY_LOGGED_IN") return false;
			if (!wrongPin.test(said)) throw error;
			this.#refusedPin = new TokenFailure("credentials", said);
			this.close();
			throw this.#refusedPin;
		}
	}

	#find(session: Handle, name: string) {
		const found = this.#search(session, name);
		// Without a login private keys are not shown, and nothing says so.
		if (found.length === 0 && this.#logIn(session))
			found.push(...this.#search(session, name));
		const [key, other] = found;
		if (key === undefined)
			throw new TokenFailure("key-not-found", "C_FindObjects: none");
		if (other !== undefined)
			throw new TokenFailure(
				"key-unusable",
				"C_FindObjects: several",
				"the token has several keys of that name. Give each its own CKA_ID and CKA_LABEL",
			);
		return { key, facts: factsOf(this.#pkcs11, this.#library, session, key) };
	}

	#search(session: Handle, name: string): Handle[] {
		const { CKA_CLASS, CKO_SECRET_KEY, CKA_TOKEN, CKA_LABEL, CKA_ID } = this
			.#pkcs11 as Record<string, number>;
		const label = /^alias\/(.+)$/s.exec(name)?.[1];
		const id = /^([0-9a-f]{2}){1,255}$/.test(name);
		if (label === undefined && !id) return [];
		const wanted =
			label === undefined
				? { type: CKA_ID as number, value: Buffer.from(name, "hex") }
				: { type: CKA_LABEL as number, value: Buffer.from(label) };
		this.#library.C_FindObjectsInit(session, [
			{ type: CKA_CLASS as number, value: CKO_SECRET_KEY as number },
			{ type: CKA_TOKEN as number, value: true },
			wanted,
		]);
		try {
			return this.#library.C_FindObjects(session, 2);
		} finally {
			this.#library.C_FindObjectsFinal(session);
		}
	}
}
