/**
 * The gateway's token: renewed before it is over, and got anew by a login where it can be. Nobody's signal ends what
 * others wait for, too.
 */
import { KeysUnavailable, type SealgateError } from "../../src/index.ts";
import type { Answer, Asked, Http } from "./http.ts";
import { credentialFailure, type Login } from "./login.ts";

/** Milliseconds. */
const loginDeadline = 2_000;
/** For so long a refused login is not tried again: Vault locks who tries too often. */
const refusedFor = 5_000;
/** A token of this age may be older than its role's policies. */
const settledAfter = 60_000;
const renewAgainAfter = 10_000;
const longestTimer = 2 ** 31 - 1;

interface Token {
	readonly text: string;
	readonly since: number;
	/** Milliseconds that the login gave; 0: for ever. */
	readonly lease: number;
}

export class Session {
	readonly #http: Http;
	readonly #login: Login | undefined;
	readonly #now: () => number;
	readonly #closed = new AbortController();
	#token: Token | undefined;
	#loggingIn: Promise<Token> | undefined;
	#refused: { error: SealgateError; until: number } | undefined;
	#timer: NodeJS.Timeout | undefined;

	/** @param login absent: the token is all there is @param now milliseconds */
	constructor(
		http: Http,
		login: Login | undefined,
		token: string | undefined,
		now: () => number = () => performance.now(),
	) {
		this.#http = http;
		this.#login = login;
		this.#now = now;
		if (token === undefined) return;
		this.#token = { text: token, since: now(), lease: 0 };
		void this.#learnLease(token);
	}

	/** @throws SealgateError `credentials-unavailable`, KeysUnavailable, or the signal's reason */
	async token(signal: AbortSignal): Promise<string> {
		const { text } = this.#token ?? (await until(signal, this.#newToken()));
		return text;
	}

	/**
	 * Another token than one that was answered with 403, which an expired token and a denied path both are.
	 * @returns `undefined` where the token is good: the path is denied
	 * @throws as `token` does
	 */
	async instead(
		refused: string,
		signal: AbortSignal,
	): Promise<string | undefined> {
		const held = this.#token;
		if (held === undefined || held.text !== refused) return this.token(signal);
		const settled = this.#now() - held.since > settledAfter;
		const asks = this.#login === undefined || !settled;
		if (asks && (await this.#knows(refused, signal))) return undefined;
		// Somebody may have logged in meanwhile.
		if (this.#token !== held) return this.token(signal);
		const { text } = await until(signal, this.#newToken());
		return text;
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#token = undefined;
		this.#closed.abort(new Error("the key provider was closed"));
	}

	async #knows(token: string, signal: AbortSignal): Promise<boolean> {
		const asked = { method: "GET", path: "auth/token/lookup-self" } as const;
		const { status } = await this.#http.ask({ ...asked, token }, signal);
		return status === 200;
	}

	/** One login for all who want one. */
	#newToken(): Promise<Token> {
		this.#loggingIn ??= this.#logIn().finally(() => {
			this.#loggingIn = undefined;
		});
		return this.#loggingIn;
	}

	async #logIn(): Promise<Token> {
		if (this.#login === undefined)
			throw credentialFailure(new Error("Vault answered 403 to lookup-self"));
		if (this.#refused !== undefined && this.#refused.until > this.#now())
			throw this.#refused.error;
		const asked = await this.#login();
		const answer = await this.#ask(asked);
		const text = answer.auth.client_token;
		if (answer.status !== 200) {
			const said = `Vault answered ${answer.status} to the login at ${asked.path}`;
			const error = credentialFailure(new Error(said));
			this.#refused = { error, until: this.#now() + refusedFor };
			throw error;
		}
		if (typeof text !== "string" || text === "")
			throw new KeysUnavailable(
				"malformed",
				new Error("Vault's login answered no token"),
			);
		const lease = millisecondsOf(answer.auth.lease_duration);
		const token = { text, since: this.#now(), lease };
		this.#token = token;
		this.#renewAt(lease, answer.auth.renewable === true);
		return token;
	}

	async #learnLease(token: string): Promise<void> {
		try {
			const asked = { method: "GET", path: "auth/token/lookup-self" } as const;
			const { data } = await this.#ask({ ...asked, token });
			const lease = millisecondsOf(data.ttl);
			this.#token = { text: token, since: this.#now(), lease };
			if (data.renewable === true) this.#renewAt(lease, true);
		} catch {
			// Calls will tell: until Vault answers, nobody can use the token either.
			this.#after(renewAgainAfter, () => this.#learnLease(token));
		}
	}

	#renewAt(lease: number, renewable: boolean): void {
		if (lease > 0) this.#after((lease * 2) / 3, () => this.#renew(renewable));
	}

	/** What fails here shows at the next call, which is answered with 403 and logs in. */
	async #renew(renewable: boolean): Promise<void> {
		const held = this.#token;
		if (held === undefined) return;
		try {
			const answer = renewable ? await this.#askRenewal(held) : undefined;
			const lease = millisecondsOf(answer?.auth.lease_duration);
			// Near the longest life of a token Vault gives less and less.
			if (answer?.status === 200 && lease * 2 >= held.lease)
				this.#renewAt(lease, answer.auth.renewable === true);
			else if (this.#login !== undefined) await this.#newToken();
			else this.#renewAt(lease, answer?.auth.renewable === true);
		} catch {
			this.#after(Math.min(renewAgainAfter, held.lease / 6), () =>
				this.#renew(renewable),
			);
		}
	}

	#askRenewal({ text }: Token): Promise<Answer> {
		const asked = { method: "POST", path: "auth/token/renew-self" } as const;
		return this.#ask({ ...asked, token: text, body: {} });
	}

	#after(milliseconds: number, act: () => Promise<void>): void {
		clearTimeout(this.#timer);
		if (this.#closed.signal.aborted) return;
		const wait = Math.min(Math.max(milliseconds, 1), longestTimer);
		this.#timer = setTimeout(() => void act(), wait).unref();
	}

	/** What nobody's signal ends. */
	async #ask(asked: Asked): Promise<Answer> {
		const deadline = AbortSignal.timeout(loginDeadline);
		const either = AbortSignal.any([this.#closed.signal, deadline]);
		try {
			return await this.#http.ask(asked, either);
		} catch (error) {
			this.#closed.signal.throwIfAborted();
			if (!deadline.aborted) throw error;
			throw new KeysUnavailable("timeout", error as Error);
		}
	}
}

function millisecondsOf(seconds: unknown): number {
	return typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : 0;
}

/** The same, for one who may leave. */
function until<Value>(
	signal: AbortSignal,
	promise: Promise<Value>,
): Promise<Value> {
	const { promise: left, reject } = Promise.withResolvers<never>();
	const leave = (): void => reject(signal.reason);
	signal.addEventListener("abort", leave, { once: true });
	return Promise.race([promise, left]).finally(() =>
		signal.removeEventListener("abort", leave),
	);
}
