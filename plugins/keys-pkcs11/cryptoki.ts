/** What is used of the package pkcs11js, which is optional: PKCS#11's functions by their names, its errors thrown. */
import { createRequire } from "node:module";

export type Handle = Buffer;
export type Attribute = {
	readonly type: number;
	readonly value?: Buffer | number | boolean | string;
};

export interface Library {
	load(path: string): void;
	C_Initialize(options: { readonly flags: number }): void;
	C_GetSlotList(present: boolean): Handle[];
	C_GetTokenInfo(slot: Handle): { readonly label: string };
	C_OpenSession(slot: Handle, flags: number): Handle;
	C_CloseSession(session: Handle): void;
	C_Login(session: Handle, user: number, pin: string): void;
	C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
	C_FindObjects(session: Handle, most: number): Handle[];
	C_FindObjectsFinal(session: Handle): void;
	C_GetAttributeValue(
		session: Handle,
		object: Handle,
		template: readonly Attribute[],
	): { readonly type: number; readonly value: Buffer }[];
	C_GenerateRandom(session: Handle, into: Buffer): Buffer;
	C_EncryptInit(session: Handle, mechanism: object, key: Handle): void;
	C_Encrypt(session: Handle, plain: Buffer, into: Buffer): Buffer;
	C_DecryptInit(session: Handle, mechanism: object, key: Handle): void;
	C_Decrypt(session: Handle, sealed: Buffer, into: Buffer): Buffer;
}

/** The package: its constants, and the class of a library. */
export type Pkcs11 = Readonly<Record<string, number>> & {
	readonly PKCS11: new () => Library;
};

/** @throws Error `MODULE_NOT_FOUND` where it is not installed */
export function loadPackage(): Pkcs11 {
	return createRequire(import.meta.url)("pkcs11js") as Pkcs11;
}

/** `CKR_…` of what was thrown, or what it says. */
export function saidBy(error: unknown): string {
	const { message } = error as Error;
	return /CKR_\w+/.exec(message)?.[0] ?? message;
}
