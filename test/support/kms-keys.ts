/** The keys of a KMS in memory: states, versions, aliases and replicas, as AWS's documentation has them. */
import {
	createCipheriv,
	createDecipheriv,
	randomBytes,
	randomUUID,
} from "node:crypto";
import { encodeContext } from "../../src/keys/context.ts";

const account = "111122223333";

/** A refusal, by AWS's name. */
export class KmsRefusal extends Error {
	readonly type: string;
	readonly status: number;

	constructor(type: string, message: string, status = 400) {
		super(message);
		this.type = type;
		this.status = status;
	}
}

export interface StubKey {
	readonly id: string;
	/** Where it was made. A multi-region key is everywhere. */
	readonly home: string;
	readonly created: Date;
	readonly versions: Buffer[];
	state: "Enabled" | "Disabled" | "PendingDeletion";
	deletion?: Date | undefined;
}

type Context = Readonly<Record<string, string>>;

export class KmsKeys {
	readonly #keys = new Map<string, StubKey>();
	readonly #aliases = new Map<string, string>();

	create(home: string, multiRegion = false): StubKey {
		const id = multiRegion
			? `mrk-${randomBytes(16).toString("hex")}`
			: randomUUID();
		const key: StubKey = {
			...{ id, home, created: new Date(), state: "Enabled" },
			versions: [randomBytes(32)],
		};
		this.#keys.set(id, key);
		return key;
	}

	alias(alias: string, id: string): void {
		this.#aliases.set(alias, id);
	}

	removeAlias(alias: string): void {
		this.#aliases.delete(alias);
	}

	destroy(id: string): void {
		this.#keys.delete(id);
		for (const [alias, to] of this.#aliases)
			if (to === id) this.#aliases.delete(alias);
	}

	get(id: string): StubKey {
		const key = this.#keys.get(id);
		if (key === undefined) throw new Error(`no key ${id}`);
		return key;
	}

	/** By id, ARN, alias or alias ARN, in one region. */
	find(name: string, region: string): StubKey {
		const arn = /^arn:aws:kms:([^:]+):(\d{12}):(key\/|(?=alias\/))(.+)$/.exec(
			name,
		);
		if (arn !== null && arn[1] !== region)
			throw new KmsRefusal("NotFoundException", `Invalid arn ${arn[1]}`);
		const plain = arn?.[4] ?? name;
		const id = plain.startsWith("alias/") ? this.#aliases.get(plain) : plain;
		const key = this.#keys.get(id ?? "");
		const here =
			key !== undefined && (key.home === region || key.id.startsWith("mrk-"));
		if (here && (arn === null || arn[2] === account)) return key;
		throw new KmsRefusal(
			"NotFoundException",
			plain.startsWith("alias/")
				? `Alias arn:aws:kms:${region}:${account}:${plain} is not found.`
				: `Key '${arnOf(plain, region)}' does not exist`,
		);
	}

	usable(name: string, region: string): StubKey {
		const key = this.find(name, region);
		const arn = arnOf(key.id, region);
		if (key.state === "Disabled")
			throw new KmsRefusal("DisabledException", `${arn} is disabled.`);
		if (key.state === "PendingDeletion")
			throw new KmsRefusal(
				"KMSInvalidStateException",
				`${arn} is pending deletion.`,
			);
		return key;
	}

	/** The key that wrapped a blob, and what it wrapped. */
	decrypt(blob: Buffer, context: Context): { id: string; plaintext: Buffer } {
		const length = blob[1] ?? 0;
		const id = blob.toString("latin1", 2, 2 + length);
		const key = this.#keys.get(id);
		const head = blob.subarray(0, 2 + length + 4);
		const material =
			key?.versions[head.length < 6 ? -1 : head.readUInt32BE(head.length - 4)];
		const rest = blob.subarray(head.length);
		if (
			blob[0] !== 1 ||
			material === undefined ||
			rest.length < 12 + 16 + padding
		)
			throw new KmsRefusal("InvalidCiphertextException", "");
		const opened = createDecipheriv(
			"aes-256-gcm",
			material,
			rest.subarray(0, 12),
		);
		opened.setAAD(Buffer.concat([head, encodeContext(context)]));
		opened.setAuthTag(rest.subarray(-16));
		try {
			const plain = opened.update(rest.subarray(12, -16));
			opened.final();
			return { id, plaintext: plain.subarray(0, -padding) };
		} catch {
			throw new KmsRefusal("InvalidCiphertextException", "");
		}
	}

	encrypt(
		{ id, versions }: StubKey,
		plaintext: Buffer,
		context: Context,
	): Buffer {
		const version = versions.length - 1;
		const head = Buffer.concat([
			Buffer.from([1, id.length]),
			Buffer.from(id, "latin1"),
			Buffer.alloc(4),
		]);
		head.writeUInt32BE(version, head.length - 4);
		const nonce = randomBytes(12);
		const cipher = createCipheriv(
			"aes-256-gcm",
			versions[version] as Buffer,
			nonce,
		);
		cipher.setAAD(Buffer.concat([head, encodeContext(context)]));
		const sealed = cipher.update(
			Buffer.concat([plaintext, Buffer.alloc(padding)]),
		);
		return Buffer.concat([
			head,
			nonce,
			sealed,
			cipher.final(),
			cipher.getAuthTag(),
		]);
	}
}

/** So that a blob of 32 bytes has at least the 184 that AWS's have. */
const padding = 82;

export function arnOf(id: string, region: string): string {
	return `arn:aws:kms:${region}:${account}:key/${id}`;
}
