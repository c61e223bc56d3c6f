import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import {
	customerKeyHeaders,
	customerKeyNames,
	isCustomerKeyHeader,
	readCustomerKey,
	refuseBothEncryptions,
} from "../../src/s3/customer-key.ts";

const key = Buffer.alloc(32, 7);
const triple = customerKeyHeaders(key, "object");
const [algorithm, name, md5] = customerKeyNames("object");

/** The triple with fields changed, or left out where undefined. */
function given(changes: Record<string, string | undefined>) {
	const headers = { ...triple, ...changes };
	return new Map(
		Object.entries(headers).filter(
			(entry): entry is [string, string] => entry[1] !== undefined,
		),
	);
}

t.test("a key comes back from its headers, for both places", async (t) => {
	fc.assert(
		fc.property(
			fc.uint8Array({ minLength: 32, maxLength: 32 }),
			fc.constantFrom("object" as const, "copy-source" as const),
			(bytes, of) => {
				const headers = customerKeyHeaders(Buffer.from(bytes), of);
				const read = readCustomerKey(new Map(Object.entries(headers)), of);
				const other = of === "object" ? "copy-source" : "object";
				return (
					read?.key.equals(bytes) === true &&
					read.md5 === createHash("md5").update(bytes).digest("base64") &&
					Object.keys(headers).every(isCustomerKeyHeader) &&
					readCustomerKey(new Map(Object.entries(headers)), other) === undefined
				);
			},
		),
		{ seed: 20261125 },
	);
	t.equal(isCustomerKeyHeader("x-amz-server-side-encryption"), false);
});

t.test("a malformed triple gets the error that AWS gives", async (t) => {
	const requests =
		"Requests specifying Server Side Encryption with Customer provided keys";
	const size = "The secret key was invalid for the specified algorithm.";
	const cases: [
		changes: Record<string, string | undefined>,
		message: string,
	][] = [
		[
			{ [algorithm]: undefined },
			`${requests} must provide a valid encryption algorithm.`,
		],
		[
			{ [name]: undefined },
			`${requests} must provide an appropriate secret key.`,
		],
		[
			{ [md5]: undefined },
			`${requests} must provide the client calculated MD5 of the secret key.`,
		],
		[{ [name]: Buffer.alloc(31).toString("base64") }, size],
		[{ [name]: Buffer.alloc(33).toString("base64") }, size],
		[{ [name]: key.toString("hex") }, size],
		[{ [name]: ` ${key.toString("base64")}` }, size],
		[{ [name]: key.toString("base64url") }, size],
		[
			{ [md5]: Buffer.alloc(16).toString("base64") },
			"The calculated MD5 hash of the key did not match the hash that was provided.",
		],
	];
	for (const [changes, message] of cases) {
		t.throws(
			() => readCustomerKey(given(changes), "object"),
			{
				code: "argument-invalid",
				message,
				fields: { ArgumentName: "x-amz-server-side-encryption" },
			},
			message,
		);
	}
	t.throws(() => readCustomerKey(given({ [algorithm]: "KMS" }), "object"), {
		code: "encryption-algorithm-invalid",
		fields: {
			ArgumentName: "x-amz-server-side-encryption",
			ArgumentValue: "KMS",
		},
	});
	t.equal(readCustomerKey(new Map(), "object"), undefined);
	t.throws(() => customerKeyHeaders(Buffer.alloc(31), "object"), RangeError);
});

t.test("a write asks for one kind of encryption", async (t) => {
	t.throws(
		() =>
			refuseBothEncryptions(
				given({ "x-amz-server-side-encryption": "AES256" }),
			),
		{
			message:
				"Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
			fields: { ArgumentValue: "AES256" },
		},
	);
	refuseBothEncryptions(given({}));
	refuseBothEncryptions(new Map([["x-amz-server-side-encryption", "AES256"]]));
});
