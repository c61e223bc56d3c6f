/**
 * Failures as AWS answers them: what we say, in status, code, message and elements, is held to recordings of S3.
 * See test/vectors/README.md.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import t from "tap";
import { errorKinds } from "../src/errors.ts";
import { parseXml } from "../src/s3/xml.ts";
import { encodePath } from "../src/sigv4/canonical.ts";
import { presign } from "../src/sigv4/presign.ts";
import { sign } from "../src/sigv4/sign.ts";
import { StoreError } from "../src/store/errors.ts";
import { startStore } from "../src/store/store.ts";
import { sendRaw } from "./policies/wire.ts";
import {
	boundary,
	type Fields,
	formBytes,
	signedFields,
} from "./support/form.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "./support/gateway.ts";

interface Recorded {
	readonly code: string;
	readonly status?: number;
	readonly message: string;
	/** Elements beside Code and Message, sorted. */
	readonly fields?: readonly string[];
}

const recorded: readonly Recorded[] = JSON.parse(
	readFileSync(new URL("vectors/aws-errors.json", import.meta.url), "utf8"),
);
const codes = new Set(recorded.map(({ code }) => code));

/** Recorded codes that neither the gateway nor the embedded store has a use for. */
const notOurs: Readonly<Record<string, string>> = {
	CrossLocationLoggingProhibitted:
		"the embedded store keeps logging settings unread",
	IdMismatch: "the embedded store keeps bucket settings unread",
	IllegalLocationConstraintException: "the embedded store has no region",
	InvalidBucketOwnerAWSAccountID:
		"the embedded store has one owner, and asks for none",
	InvalidLocationConstraint: "the embedded store has no region",
	InvalidObjectState: "the embedded store has no archive",
	InvalidS3DestinationBucket: "the embedded store keeps bucket settings unread",
	InvalidStorageClass: "the embedded store keeps the storage class unread",
	InvalidTargetBucketForLogging:
		"the embedded store keeps logging settings unread",
	NoSuchConfiguration: "the embedded store keeps no inventories or analytics",
};

function storeStatus(code: string): number | undefined {
	try {
		return new StoreError(code as never).status;
	} catch {
		// No code of the store's.
		return undefined;
	}
}

t.test(
	"each code that we know has AWS's status, and each that we do not has a reason",
	async (t) => {
		const kinds = Object.values(errorKinds);
		for (const code of codes) {
			const ours = kinds
				.filter(({ s3 }) => s3 === code)
				.map(({ status }) => status);
			const store = storeStatus(code);
			if (store !== undefined) ours.push(store as never);
			const aws = recorded.find(
				(row) => row.code === code && row.status,
			)?.status;
			const known = ours.length > 0;
			t.equal(code in notOurs, !known, `${code} is known, or has a reason`);
			for (const status of ours) {
				if (aws !== undefined) t.equal(status as number, aws, code);
			}
		}
		for (const code of Object.keys(notOurs))
			t.ok(codes.has(code), `${code} is recorded`);
	},
);

/** What is said, where AWS says more than one thing under a code. */
const says: Readonly<Record<string, RegExp>> = {
	"AccessDenied, unsigned": /^Access Denied $/,
	"AccessDenied, headers not signed": /not signed HeadersNotSigned$/,
	"AccessDenied, expired":
		/^Request has expired Expires,ServerTime,X-Amz-Expires$/,
	"AccessDenied, another customer key": /the correct secret key/,
	"AccessDenied, a form without a signature": /^Access Denied $/,
	"AccessDenied, an expired form": /Policy expired/,
	"AccessDenied, eq": /"eq", "\$success_action_redirect"/,
	"AccessDenied, eq without a dollar": /"eq", "success_action_redirect"/,
	"AccessDenied, eq in another case": /"HTTP:/,
	"AccessDenied, starts-with": /"starts-with"/,
	"AccessDenied, a range of no numbers": /"content-length-range", "test", "10"/,
	"AuthorizationQueryParametersError, a parameter less":
		/requires the X-Amz-Algorithm/,
	"AuthorizationQueryParametersError, a credential": /mal-formed/,
	"BadDigest, a put": /Content-MD5/,
	"BadDigest, an empty put": /Content-MD5/,
	...Object.fromEntries(
		["crc32", "crc32c", "crc64nvme", "sha1", "sha256"].flatMap((name) => [
			[`BadDigest, ${name}`, new RegExp(`^The ${name.toUpperCase()} you`)],
			[
				`BadDigest, ${name} of nothing`,
				new RegExp(`^The ${name.toUpperCase()} you`),
			],
			[
				`InvalidRequest, ${name}`,
				new RegExp(`^Value for x-amz-checksum-${name} header`),
			],
		]),
	),
	"EntityTooSmall, a form": / MinSizeAllowed,ProposedSize$/,
	"EntityTooSmall, a part": / ETag,MinSizeAllowed,PartNumber,ProposedSize$/,
	"InvalidArgument, a copy source": /Invalid copy source object key/,
	"InvalidArgument, a customer key beside the store's": /incompatible with/,
	"InvalidArgument, a customer key of another digest": /calculated MD5 hash/,
	"InvalidArgument, a customer key of another size": /secret key was invalid/,
	"InvalidArgument, a customer key without an algorithm":
		/a valid encryption algorithm/,
	"InvalidArgument, a form without its algorithm": /'X-Amz-Algorithm'/,
	"InvalidArgument, a form without its signature": /'X-Amz-Signature'/,
	"InvalidArgument, a part number": /between 1 and 10000/,
	"InvalidArgument, an algorithm without a customer key":
		/appropriate secret key/,
	"InvalidRequest, COMPOSITE of CRC64NVME": /COMPOSITE checksum type/,
	"InvalidRequest, FULL_OBJECT of SHA1": /FULL_OBJECT .* sha1/,
	"InvalidRequest, a canned list and grants": /both Canned ACLs/,
	"InvalidRequest, a copy onto itself": /This copy request is illegal/,
	"InvalidRequest, a part number and a range": /Cannot specify both/,
	"InvalidRequest, a part under another customer key": /did not match the ones/,
	"InvalidRequest, a part under no customer key":
		/must include the appropriate/,
	"InvalidRequest, a type without an algorithm": /can only be used with/,
	"InvalidRequest, an end of no parts": /at least one part/,
	"InvalidRequest, an end without checksums": /missing for part 1/,
	"InvalidRequest, an unknown algorithm": /algorithm provided is unsupported/,
	"InvalidRequest, another checksum than the upload's":
		/expected checksum Type: sha256/,
	"InvalidRequest, another size": /'x-amz-mp-object-size'/,
	"InvalidRequest, no customer key": /stored using a form of/,
	"InvalidRequest, two checksums": /Expecting a single/,
	"SignatureDoesNotMatch, in the header": / AWSAccessKeyId,CanonicalRequest,/,
	"SignatureDoesNotMatch, presigned": / AWSAccessKeyId,CanonicalRequest,/,
	"SignatureDoesNotMatch, a form": / AWSAccessKeyId,SignatureProvided,/,
};

interface Ask {
	readonly method: string;
	/** Path, from the bucket on, and query. */
	readonly target: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Buffer;
}

interface Answer {
	readonly status: number;
	readonly code: string;
	readonly message: string;
	readonly fields: readonly string[];
}

const ownElements = new Set([
	"Code",
	"Message",
	"RequestId",
	"HostId",
	"Resource",
]);

function queryOf(text: string): [string, string][] {
	return [...new URLSearchParams(text)];
}

async function setUp(t: { teardown(action: () => Promise<void>): void }) {
	const directory = mkdtempSync(join(tmpdir(), "sealgate-errors-"));
	const file = (name: string): string =>
		fileURLToPath(new URL(`support/tls/${name}`, import.meta.url));
	// Over TLS, or it takes no customer's key.
	const store = await startStore({
		directory,
		accessKeyId: "UP",
		secretAccessKey: "up-secret",
		tls: {
			cert: readFileSync(file("server.pem")),
			key: readFileSync(file("server.key")),
		},
	});
	const gateway = await startTestGateway(
		configuration(
			store.endpoint,
			undefined,
			`, tls: { ca: "${file("ca.pem")}" }`,
		).replace("clients:", "region: us-east-1\nclients:"),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
		rmSync(directory, { recursive: true });
	});
	const host = gateway.address;
	const raw = async (ask: Ask) => {
		const { status, body, headers } = await sendRaw(gateway.endpoint, ask);
		return { status, body, headers };
	};
	const signed = (ask: Ask, region = "us-east-1") => {
		const [path = "", query = ""] = ask.target.split("?");
		const { headers } = sign(
			{
				method: ask.method,
				path: encodePath(decodeURIComponent(path)),
				query: queryOf(query),
				headers: new Map([
					["host", host],
					...Object.entries(ask.headers ?? {}),
				]),
			},
			{
				credentials: { accessKeyId, secretAccessKey },
				region,
				now: new Date(),
				payloadHash: "UNSIGNED-PAYLOAD",
			},
		);
		return { ...ask, headers: Object.fromEntries(headers) };
	};
	const presigned = (ask: Ask, now = new Date(), expires = 60) => {
		const [path = "", query = ""] = ask.target.split("?");
		const text = presign(
			{
				method: ask.method,
				path,
				query: queryOf(query),
				headers: new Map([["host", host]]),
			},
			{
				credentials: { accessKeyId, secretAccessKey },
				region: "us-east-1",
				now,
				expires,
			},
		);
		return { ...ask, target: `${path}?${text}` };
	};
	const send = (ask: Ask) => raw(signed(ask));
	const put = async (target: string, body: string | Buffer = "content") => {
		const { status } = await send({ method: "PUT", target, body });
		if (status !== 200) throw new Error(`${target}: ${status}`);
	};
	return { raw, send, signed, presigned, put };
}

function read({ status, body }: { status: number; body: string }): Answer {
	// What is no refusal, or has no document, says nothing.
	const root = parseXml(status < 400 || body === "" ? "<Nothing/>" : body);
	const text = (name: string) =>
		root.children.find((child) => child.name === name)?.text ?? "";
	return {
		status,
		code: text("Code"),
		message: text("Message"),
		fields: root.children
			.map(({ name }) => name)
			.filter((name) => !ownElements.has(name))
			.sort(),
	};
}

/** Whether AWS was recorded to answer just so. */
function isRecorded(answer: Answer): boolean {
	return recorded.some(
		(row) =>
			row.code === answer.code &&
			(row.status ?? answer.status) === answer.status &&
			pattern(row.message).test(answer.message) &&
			(row.fields ?? []).join() === answer.fields.join(),
	);
}

function pattern(message: string): RegExp {
	const escaped = message
		.split(/<(?!YOUR|YYYY)[a-z_0-9:-]+>/)
		.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
	return new RegExp(`^${escaped.join(".+")}$`);
}

t.test("what can be asked again is answered as AWS answered it", async (t) => {
	const { raw, send, signed, presigned, put } = await setUp(t);
	await put("/bucket", "");
	await put("/bucket/k");
	const upload = async (headers: Record<string, string> = {}) => {
		const { body } = await send({
			method: "POST",
			target: "/bucket/m?uploads",
			headers,
		});
		return (
			parseXml(body).children.find(({ name }) => name === "UploadId")?.text ??
			""
		);
	};
	const part = async (
		id: string,
		number: number,
		headers: Record<string, string> = {},
		body = "content",
	) =>
		send({
			method: "PUT",
			target: `/bucket/m?partNumber=${number}&uploadId=${id}`,
			headers,
			body,
		});
	const complete = (
		id: string,
		parts: readonly (readonly [number, string])[],
		more: { headers?: Record<string, string>; inside?: string } = {},
	) =>
		send({
			method: "POST",
			target: `/bucket/m?uploadId=${id}`,
			headers: more.headers ?? {},
			body: `<CompleteMultipartUpload>${parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more.inside ?? ""}</Part>`).join("")}</CompleteMultipartUpload>`,
		});
	const etagOf = async (
		id: string,
		number: number,
		headers: Record<string, string> = {},
		body = "content",
	) => String((await part(id, number, headers, body)).headers.etag);
	const get = (target: string, headers: Record<string, string> = {}) =>
		send({ method: "GET", target, headers });
	const write = (headers: Record<string, string>, target = "/bucket/k") =>
		send({ method: "PUT", target, headers, body: "content" });
	const copy = (source: string) =>
		send({
			method: "PUT",
			target: "/bucket/k",
			headers: { "x-amz-copy-source": source },
		});
	const form = (
		fields: Fields,
		file = "content",
		headers: Record<string, string> = {},
	) =>
		raw({
			method: "POST",
			target: "/bucket",
			headers: {
				"content-type": `multipart/form-data; boundary=${boundary}`,
				...headers,
			},
			body: formBytes(fields, file),
		});
	const policed = (conditions: readonly unknown[], fields: Fields = []) =>
		signedFields("bucket", [["key", "k"], ...fields], {
			conditions: [{ key: "k" }, ...conditions],
		});
	const proof = signedFields("bucket", [["key", "k"]]);
	const less = (...names: string[]) =>
		proof.filter(([name]) => !names.includes(name));
	const tampered = (ask: Ask): Ask => ({
		...ask,
		target: ask.target.replace(/Signature=.{4}/, "Signature=0000"),
	});
	const redirect = "success_action_redirect";
	const digest = "AAAAAAAAAAAAAAAAAAAAAA==";
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc32("content"));
	const crc = sum.toString("base64");
	const unknown = "2~absent";
	const checksums: Readonly<Record<string, string>> = {
		crc32: "AAAAAA==",
		crc32c: "AAAAAA==",
		crc64nvme: "AAAAAAAAAAA=",
		sha1: Buffer.alloc(20).toString("base64"),
		sha256: Buffer.alloc(32).toString("base64"),
	};
	const sse = "x-amz-server-side-encryption";
	const customer = (
		secret = "k".repeat(32),
		more: Record<string, string> = {},
	): Record<string, string> => ({
		[`${sse}-customer-algorithm`]: "AES256",
		[`${sse}-customer-key`]: Buffer.from(secret).toString("base64"),
		[`${sse}-customer-key-md5`]: createHash("md5")
			.update(secret)
			.digest("base64"),
		...more,
	});
	const without = (headers: Record<string, string>, name: string) =>
		Object.fromEntries(
			Object.entries(headers).filter(([field]) => field !== `${sse}-${name}`),
		);
	const locked = async (headers: Record<string, string>) => {
		await write(customer(), "/bucket/c");
		return get("/bucket/c", headers);
	};
	const asked: readonly (readonly [
		string,
		string,
		() => Promise<{ status: number; body: string }>,
	])[] = [
		["NoSuchBucket", "an object", () => get("/absent/k")],
		["NoSuchBucket", "a listing", () => get("/absent?list-type=2")],
		["NoSuchBucket", "a put", () => write({}, "/absent/k")],
		["NoSuchKey", "a get", () => get("/bucket/absent")],
		["NoSuchKey", "a copy", () => copy("bucket/absent")],
		[
			"InvalidRange",
			"a get",
			() => get("/bucket/k", { range: "bytes=1024-4096" }),
		],
		[
			"PreconditionFailed",
			"If-Match",
			() => get("/bucket/k", { "if-match": '"x"' }),
		],
		[
			"PreconditionFailed",
			"If-None-Match",
			() => write({ "if-none-match": "*" }),
		],
		["BucketAlreadyOwnedByYou", "a second time", () => write({}, "/bucket")],
		[
			"InvalidBucketName",
			"upper case",
			() => send({ method: "PUT", target: "/UPPER" }),
		],
		[
			"MethodNotAllowed",
			"a post",
			() => send({ method: "POST", target: "/bucket/k" }),
		],
		[
			"UnexpectedContent",
			"a delete",
			() =>
				send({
					method: "DELETE",
					target: "/bucket/k",
					headers: { "content-length": "1" },
					body: "x",
				}),
		],
		["InvalidDigest", "a put", () => write({ "content-md5": "x" })],
		["BadDigest", "a put", () => write({ "content-md5": digest })],
		[
			"BadDigest",
			"an empty put",
			() =>
				send({
					method: "PUT",
					target: "/bucket/e",
					headers: { "content-md5": digest },
					body: "",
				}),
		],
		...Object.entries(checksums).flatMap(
			([name, value]) =>
				[
					[
						"BadDigest",
						name,
						() => write({ [`x-amz-checksum-${name}`]: value }),
					],
					[
						"BadDigest",
						`${name} of nothing`,
						() =>
							send({
								method: "PUT",
								target: "/bucket/e",
								headers: {
									[`x-amz-checksum-${name}`]: Buffer.from(value, "base64")
										.fill(1)
										.toString("base64"),
								},
								body: "",
							}),
					],
					[
						"InvalidRequest",
						name,
						() => write({ [`x-amz-checksum-${name}`]: "x" }),
					],
				] as const,
		),
		["NoSuchUpload", "a part", () => part(unknown, 1)],
		[
			"NoSuchUpload",
			"an abort",
			() => send({ method: "DELETE", target: `/bucket/m?uploadId=${unknown}` }),
		],
		["NoSuchUpload", "an end", () => complete(unknown, [[1, "x"]])],
		[
			"InvalidPart",
			"of another etag",
			async () => {
				const id = await upload();
				await part(id, 1);
				return complete(id, [[1, "0".repeat(32)]]);
			},
		],
		[
			"InvalidPartOrder",
			"2, 1",
			async () => {
				const id = await upload();
				const etags = [await etagOf(id, 1), await etagOf(id, 2)] as const;
				return complete(id, [
					[2, etags[1]],
					[1, etags[0]],
				]);
			},
		],
		[
			"EntityTooSmall",
			"a part",
			async () => {
				const id = await upload();
				const etags = [await etagOf(id, 1), await etagOf(id, 2)] as const;
				return complete(id, [
					[1, etags[0]],
					[2, etags[1]],
				]);
			},
		],
		["InvalidArgument", "a part number", async () => part(await upload(), -1)],
		[
			"InvalidRequest",
			"another checksum than the upload's",
			async () => {
				const id = await upload({ "x-amz-checksum-algorithm": "SHA256" });
				return part(id, 1, { "x-amz-checksum-crc32": crc });
			},
		],
		[
			"InvalidRequest",
			"an end without checksums",
			async () => {
				const id = await upload({ "x-amz-checksum-algorithm": "CRC32" });
				return complete(id, [
					[1, await etagOf(id, 1, { "x-amz-checksum-crc32": crc })],
				]);
			},
		],
		[
			"InvalidRequest",
			"another size",
			async () => {
				const id = await upload();
				return complete(id, [[1, await etagOf(id, 1, {}, "cont")]], {
					headers: { "x-amz-mp-object-size": "5" },
				});
			},
		],
		[
			"InvalidRequest",
			"an unknown algorithm",
			() =>
				send({
					method: "POST",
					target: "/bucket/m?uploads",
					headers: { "x-amz-checksum-algorithm": "TEST" },
				}),
		],
		[
			"InvalidRequest",
			"a type without an algorithm",
			() =>
				send({
					method: "POST",
					target: "/bucket/m?uploads",
					headers: { "x-amz-checksum-type": "COMPOSITE" },
				}),
		],
		[
			"InvalidRequest",
			"COMPOSITE of CRC64NVME",
			() =>
				send({
					method: "POST",
					target: "/bucket/m?uploads",
					headers: {
						"x-amz-checksum-algorithm": "CRC64NVME",
						"x-amz-checksum-type": "COMPOSITE",
					},
				}),
		],
		[
			"InvalidRequest",
			"FULL_OBJECT of SHA1",
			() =>
				send({
					method: "POST",
					target: "/bucket/m?uploads",
					headers: {
						"x-amz-checksum-algorithm": "SHA1",
						"x-amz-checksum-type": "FULL_OBJECT",
					},
				}),
		],
		["InvalidRequest", "a copy onto itself", () => copy("bucket/k")],
		[
			"MalformedXML",
			"an end",
			async () =>
				send({
					method: "POST",
					target: `/bucket/m?uploadId=${await upload()}`,
					body: "<a",
				}),
		],
		[
			"MalformedXML",
			"a delete without a key",
			() =>
				send({
					method: "POST",
					target: "/bucket?delete",
					body: "<Delete><Object/></Delete>",
				}),
		],
		[
			"MalformedXML",
			"a delete of two keys in one",
			() =>
				send({
					method: "POST",
					target: "/bucket?delete",
					body: "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
				}),
		],
		[
			"MalformedXML",
			"tags",
			() =>
				send({ method: "PUT", target: "/bucket/k?tagging", body: "not xml" }),
		],
		["NoSuchBucketPolicy", "a bucket", () => get("/bucket?policy")],
		[
			"NoSuchLifecycleConfiguration",
			"a bucket",
			() => get("/bucket?lifecycle"),
		],
		["NoSuchWebsiteConfiguration", "a bucket", () => get("/bucket?website")],
		[
			"ReplicationConfigurationNotFoundError",
			"a bucket",
			() => get("/bucket?replication"),
		],
		[
			"InvalidEncryptionAlgorithmError",
			"a put",
			() => write({ "x-amz-server-side-encryption": "aws:test" }),
		],

		[
			"InvalidRequest",
			"two checksums",
			() =>
				write({
					"x-amz-checksum-sha1": checksums.sha1 ?? "",
					"x-amz-checksum-crc32": crc,
				}),
		],
		["InvalidArgument", "a copy source", () => copy("x-amz-copy-source")],
		[
			"InvalidRequest",
			"an end of no parts",
			async () => complete(await upload(), []),
		],
		[
			"InvalidRequest",
			"a part number and a range",
			() => get("/bucket/k?partNumber=1", { range: "bytes=0-1" }),
		],
		[
			"InvalidPartNumber",
			"of a single part",
			() => get("/bucket/k?partNumber=2"),
		],
		[
			"InvalidRequest",
			"a canned list and grants",
			() =>
				send({
					method: "PUT",
					target: "/bucket/k?acl",
					headers: {
						"x-amz-acl": "private",
						"x-amz-grant-read":
							'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
					},
				}),
		],
		[
			"MissingSecurityHeader",
			"an object",
			() => send({ method: "PUT", target: "/bucket/k?acl" }),
		],
		[
			"MalformedACLError",
			"an object",
			() =>
				send({
					method: "PUT",
					target: "/bucket/k?acl",
					body: "<AccessControlPolicy/>",
				}),
		],
		["InvalidRequest", "no customer key", () => locked({})],
		[
			"AccessDenied",
			"another customer key",
			() => locked(customer("x".repeat(32))),
		],
		[
			"InvalidEncryptionAlgorithmError",
			"a customer key",
			() =>
				write(customer(undefined, { [`${sse}-customer-algorithm`]: "AES128" })),
		],
		[
			"InvalidArgument",
			"a customer key beside the store's",
			() => write(customer(undefined, { [sse]: "AES256" })),
		],
		[
			"InvalidArgument",
			"a customer key of another digest",
			() => write(customer(undefined, { [`${sse}-customer-key-md5`]: digest })),
		],
		[
			"InvalidArgument",
			"a customer key of another size",
			() => write(customer("short")),
		],
		[
			"InvalidArgument",
			"a customer key without an algorithm",
			() => write(without(customer(), "customer-algorithm")),
		],
		[
			"InvalidArgument",
			"an algorithm without a customer key",
			() => write(without(customer(), "customer-key")),
		],
		[
			"InvalidRequest",
			"a part under no customer key",
			async () => part(await upload(customer()), 1),
		],
		[
			"InvalidRequest",
			"a part under another customer key",
			async () => part(await upload(customer()), 1, customer("x".repeat(32))),
		],

		[
			"AccessDenied",
			"unsigned",
			() => raw({ method: "GET", target: "/bucket/k" }),
		],
		[
			"AccessDenied",
			"headers not signed",
			() => {
				const ask = signed({ method: "GET", target: "/bucket/k" });
				return raw({
					...ask,
					headers: { ...ask.headers, "x-amz-decoded-content-length": "1" },
				});
			},
		],
		[
			"AccessDenied",
			"expired",
			() =>
				raw(
					presigned(
						{ method: "GET", target: "/bucket/k" },
						new Date(Date.now() - 5_000),
						1,
					),
				),
		],
		[
			"SignatureDoesNotMatch",
			"in the header",
			() => {
				const ask = signed({ method: "GET", target: "/bucket/k" });
				return raw({ ...ask, target: "/bucket/other" });
			},
		],
		[
			"SignatureDoesNotMatch",
			"presigned",
			() => raw(tampered(presigned({ method: "GET", target: "/bucket/k" }))),
		],
		[
			"AuthorizationHeaderMalformed",
			"another region",
			() => raw(signed({ method: "GET", target: "/bucket/k" }, "aws-global")),
		],
		[
			"AuthorizationQueryParametersError",
			"a parameter less",
			() => {
				const ask = presigned({ method: "GET", target: "/bucket/k" });
				return raw({
					...ask,
					target: ask.target.replace(/X-Amz-Date=[^&]*&/, ""),
				});
			},
		],
		[
			"AuthorizationQueryParametersError",
			"a credential",
			() => {
				const ask = presigned({ method: "GET", target: "/bucket/k" });
				return raw({
					...ask,
					target: ask.target.replace(
						/X-Amz-Credential=[^&]*/,
						"X-Amz-Credential=a",
					),
				});
			},
		],

		["AccessDenied", "a form without a signature", () => form([["key", "k"]])],
		[
			"AccessDenied",
			"an expired form",
			() => form(signedFields("bucket", [["key", "k"]], { expires: -1_000 })),
		],
		[
			"AccessDenied",
			"eq",
			() =>
				form(
					policed(
						[["eq", `$${redirect}`, "http://localhost.test/random"]],
						[[redirect, "http://other.test/"]],
					),
				),
		],
		[
			"AccessDenied",
			"eq without a dollar",
			() =>
				form(
					policed(
						[["eq", redirect, "http://localhost.test/random"]],
						[[redirect, "http://localhost.test/random"]],
					),
				),
		],
		[
			"AccessDenied",
			"eq in another case",
			() =>
				form(
					policed(
						[["eq", `$${redirect}`, "HTTP://localhost.test/random"]],
						[[redirect, "http://localhost.test/random"]],
					),
				),
		],
		[
			"AccessDenied",
			"starts-with",
			() =>
				form(
					policed(
						[["starts-with", `$${redirect}`, "http://localhost"]],
						[[redirect, "HTTP://localhost"]],
					),
				),
		],
		[
			"AccessDenied",
			"a range of no numbers",
			() => form(policed([["content-length-range", "test", 10]])),
		],
		[
			"InvalidPolicyDocument",
			"two properties",
			() => form(policed([{ a: "1", b: "2" }])),
		],
		[
			"EntityTooLarge",
			"a form",
			() => form(policed([["content-length-range", 5, 10]]), "x".repeat(12)),
		],
		[
			"EntityTooSmall",
			"a form",
			() => form(policed([["content-length-range", 5, 10]]), "x"),
		],
		[
			"InvalidArgument",
			"a form without its signature",
			() => form(less("x-amz-signature")),
		],
		[
			"InvalidArgument",
			"a form without its algorithm",
			() => form(less("x-amz-algorithm", "x-amz-credential")),
		],
		[
			"SignatureDoesNotMatch",
			"a form",
			() =>
				form(
					proof.map(([name, value]) => [
						name,
						name === "policy" ? value.slice(0, -4) : value,
					]),
				),
		],
		[
			"PreconditionFailed",
			"no form",
			() => form(proof, "content", { "content-type": "text/html" }),
		],
		[
			"MalformedXML",
			"the tags of a form",
			() =>
				form(
					signedFields("bucket", [
						["key", "k"],
						["tagging", "not-xml"],
					]),
				),
		],
	];
	for (const [code, what, ask] of asked) {
		const name = `${code}, ${what}`;
		const found = await ask();
		const answer = read(found);
		const rows = recorded.filter((row) => row.code === code);
		if (rows.length > 1) t.ok(says[name], `${name}: which of ${rows.length}`);
		const said = `${answer.message} ${answer.fields.join()}`;
		const same =
			answer.code === code &&
			isRecorded(answer) &&
			(says[name]?.test(said) ?? true);
		t.ok(same, `${name}: ${JSON.stringify(answer)}`);
	}
	const names = asked.map(([code, what]) => `${code}, ${what}`);
	for (const name of Object.keys(says)) {
		t.ok(names.includes(name), `${name} is asked`);
	}
});
