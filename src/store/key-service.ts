/** The keys that the store's key service would have. There is no such service: only what S3 answers of its keys. */
import { createHash } from "node:crypto";
import { StoreError } from "./errors.ts";

export interface KmsKey {
	/** As in `arn:aws:kms:us-east-1:111122223333:key/<id>`, or a whole ARN. */
	readonly id: string;
	/** Such as `alias/mine`. */
	readonly alias?: string;
	/** Enabled by default. */
	readonly state?: "enabled" | "disabled" | "pending-deletion";
}

const region = "us-east-1";
const home = `arn:aws:kms:${region}:111122223333:`;
/** That of `aws:kms` without a key id. */
export const defaultKey = `${home}key/5ea16a7e-0000-4000-8000-000000000000`;

export class KeyService {
	readonly #keys: readonly KmsKey[] | undefined;

	/** @param keys undefined: any key id names a key */
	constructor(keys: readonly KmsKey[] | undefined) {
		this.#keys = keys;
	}

	/**
	 * The ARN of the key that a write names by id, alias or ARN of either.
	 * @throws StoreError where there is no such key, or it cannot be used
	 */
	resolve(id: string | undefined): string {
		if (id === undefined || isManagedAlias(id)) return defaultKey;
		if (this.#keys === undefined) return arnOf(id);
		const key = this.#keys.find(({ id: own, alias }) =>
			[own, arnOf(own), alias, alias && `${home}${alias}`].includes(id),
		);
		if (key === undefined) throw unknown(id);
		const arn = arnOf(key.id);
		this.check(arn);
		return arn;
	}

	/** Reads ask the key service too. @throws StoreError where the key can no longer be used */
	check(arn: string): void {
		const key = this.#keys?.find(({ id }) => arnOf(id) === arn);
		if (key?.state === "disabled") {
			throw new StoreError("KMS.DisabledException", {}, `${arn} is disabled.`);
		}
		if (key?.state === "pending-deletion") {
			const message = `${arn} is pending deletion.`;
			throw new StoreError("KMS.KMSInvalidStateException", {}, message);
		}
	}
}

function isManagedAlias(id: string): boolean {
	return id === "alias/aws/s3" || id === `${home}alias/aws/s3`;
}

/** S3 answers the ARN of a key, also where an alias named it. */
function arnOf(id: string): string {
	const [, alias] = /^(?:arn:.*:)?(alias\/.*)$/.exec(id) ?? [];
	if (alias !== undefined) return `${home}key/${uuidOf(alias)}`;
	return id.startsWith("arn:") ? id : `${home}key/${id}`;
}

function uuidOf(alias: string): string {
	const hex = createHash("sha256").update(alias).digest("hex");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

function unknown(id: string): StoreError {
	return new StoreError("KMS.NotFoundException", {}, reason(id));
}

/** As AWS words it, by what the id looks like (recorded February 2026). */
function reason(id: string): string {
	const [, elsewhere] = /^arn:[^:]*:kms:([^:]*):/.exec(id) ?? [];
	if (elsewhere !== undefined && elsewhere !== region) {
		return `Invalid arn ${elsewhere}`;
	}
	if (id.includes("alias/")) {
		return `Alias ${id.startsWith("arn:") ? id : home + id} is not found.`;
	}
	const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
	if (elsewhere === undefined && !uuid.test(id)) return `Invalid keyId '${id}'`;
	return `Key '${arnOf(id)}' does not exist`;
}
