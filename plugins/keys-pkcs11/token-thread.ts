/** The thread that asks the token: calls of its library block until the hardware answers. One request at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { loadPackage, saidBy } from "./cryptoki.ts";
import { Token } from "./token.ts";
import { type FailureKind, TokenFailure } from "./token-failure.ts";

export interface TokenPlace {
	readonly module: string;
	readonly token: string;
	readonly pin: string;
}

export type Request = { readonly id: number } & (
	| {
			readonly act: "generate" | "describe";
			readonly name: string;
			readonly context: Uint8Array;
	  }
	| {
			readonly act: "open";
			readonly name: string;
			readonly context: Uint8Array;
			readonly wrapped: Uint8Array;
	  }
	| { readonly act: "close" }
);

export type Reply =
	| { readonly ready: true }
	/** What is missing, as a sentence's end. */
	| { readonly missing: string }
	| { readonly id: number; readonly value: unknown }
	| {
			readonly id: number;
			readonly failure: {
				readonly kind: FailureKind;
				readonly said: string;
				readonly why: string;
			};
	  };

const { module, token: label, pin } = workerData as TokenPlace;

function start(): Token {
	let pkcs11: ReturnType<typeof loadPackage>;
	try {
		pkcs11 = loadPackage();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND")
			throw error;
		throw new Error("the package pkcs11js: npm install pkcs11js");
	}
	const library = new pkcs11.PKCS11();
	try {
		library.load(module);
	} catch (error) {
		throw new Error(`a PKCS#11 library at ${module} (${saidBy(error)})`);
	}
	try {
		library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK ?? 2 });
	} catch (error) {
		// By another provider of this process, or the one before a reload. Never finalized, for the same reason.
		if (saidBy(error) !== "CKR_CRYPTOKI_ALREADY_INITIALIZED")
			throw new Error(`${module} to work: C_Initialize says ${saidBy(error)}`);
	}
	return new Token(pkcs11, library, label, pin);
}

function answer(token: Token, request: Request): unknown {
	if (request.act === "close") {
		token.close();
		parentPort?.close();
		return undefined;
	}
	const { name, context } = request;
	if (request.act === "open")
		return { key: token.open(name, request.wrapped, context) };
	return request.act === "generate"
		? token.generate(name, context)
		: token.describe(name);
}

function tell(reply: Reply): void {
	parentPort?.postMessage(reply);
}

try {
	const token = start();
	parentPort?.on("message", (request: Request) => {
		const { id } = request;
		try {
			const value = answer(token, request) as { key?: Buffer } | undefined;
			tell({ id, value });
			// What was told is a copy.
			value?.key?.fill(0);
		} catch (error) {
			const known = error instanceof TokenFailure;
			const { kind, why } = known ? error : { kind: "outage", why: "" };
			const said = saidBy(error);
			tell({ id, failure: { kind: kind as FailureKind, said, why } });
		}
	});
	tell({ ready: true });
} catch (error) {
	tell({ missing: (error as Error).message });
}
