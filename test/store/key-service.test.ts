import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteBucketEncryptionCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutBucketEncryptionCommand,
	PutObjectCommand,
	type ServerSideEncryptionRule,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const Key = "k";
const home = "arn:aws:kms:us-east-1:111122223333:";
const uuid = "134f2428-cec1-4b25-a1ae-9048164dba47";
const managed = `${home}key/5ea16a7e-0000-4000-8000-000000000000`;
const kms = { ServerSideEncryption: "aws:kms" as const };
const context = Buffer.from('{"of":"tests"}').toString("base64");

t.test("a key that is not there is refused in the words of AWS", async (t) => {
	const elsewhere = `arn:aws:kms:eu-central-1:111122223333:key/${uuid}`;
	const foreign = "arn:aws:kms:ap-south-1:111122223333:key/whole";
	const { s3 } = await startEmbeddedStore(t, {
		kmsKeys: [
			{ id: "mine", alias: "alias/mine" },
			{ id: "off", state: "disabled" },
			{ id: "going", state: "pending-deletion" },
			{ id: foreign },
		],
	});
	const put = (SSEKMSKeyId?: string) =>
		s3.send(
			new PutObjectCommand({ Bucket, Key, Body: "x", ...kms, SSEKMSKeyId }),
		);
	const refusals: [id: string, name: string, message: string][] = [
		["fake-key-id", "KMS.NotFoundException", "Invalid keyId 'fake-key-id'"],
		[uuid, "KMS.NotFoundException", `Key '${home}key/${uuid}' does not exist`],
		[
			`${home}key/${uuid}`,
			"KMS.NotFoundException",
			`Key '${home}key/${uuid}' does not exist`,
		],
		[elsewhere, "KMS.NotFoundException", "Invalid arn eu-central-1"],
		[
			"alias/none",
			"KMS.NotFoundException",
			`Alias ${home}alias/none is not found.`,
		],
		["off", "KMS.DisabledException", `${home}key/off is disabled.`],
		[
			"going",
			"KMS.KMSInvalidStateException",
			`${home}key/going is pending deletion.`,
		],
	];
	for (const [id, name, message] of refusals) {
		const wanted = { name, message, $metadata: { httpStatusCode: 400 } };
		await t.rejects(put(id), wanted, id);
		await t.rejects(
			s3.send(
				new CreateMultipartUploadCommand({
					Bucket,
					Key,
					...kms,
					SSEKMSKeyId: id,
				}),
			),
			wanted,
		);
	}
	const mine = `${home}key/mine`;
	for (const id of ["mine", mine, "alias/mine", `${home}alias/mine`]) {
		t.equal((await put(id)).SSEKMSKeyId, mine, id);
	}
	t.equal((await put(foreign)).SSEKMSKeyId, foreign);
	t.equal((await put()).SSEKMSKeyId, managed);
	t.equal((await put("alias/aws/s3")).SSEKMSKeyId, managed);
});

t.test("a read needs its key as well", async (t) => {
	const { s3, directory } = await startEmbeddedStore(t);
	const given = { ...kms, SSEKMSKeyId: "off" };
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", ...given }));
	const later = await startEmbeddedStore(t, {
		directory,
		kmsKeys: [{ id: "off", state: "disabled" }],
	});
	await t.rejects(later.s3.send(new GetObjectCommand({ Bucket, Key })), {
		name: "KMS.DisabledException",
	});
	const copy = { Bucket, Key: "b", CopySource: `${Bucket}/${Key}` };
	await t.rejects(later.s3.send(new CopyObjectCommand(copy)), {
		name: "KMS.DisabledException",
	});
});

t.test(
	"what a write asks of the key service is kept and answered",
	async (t) => {
		const { s3 } = await startEmbeddedStore(t);
		const asked = {
			...kms,
			SSEKMSKeyId: "mine",
			SSEKMSEncryptionContext: context,
			BucketKeyEnabled: true,
		};
		const answered = {
			...kms,
			SSEKMSKeyId: `${home}key/mine`,
			BucketKeyEnabled: true,
		};
		const put = (more: object) =>
			s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", ...more }));
		t.match(await put(asked), {
			...answered,
			SSEKMSEncryptionContext: context,
		});
		const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
		t.match(head, answered);
		t.equal("SSEKMSEncryptionContext" in head, false);

		const to = { Bucket, Key: "copy", CopySource: `${Bucket}/${Key}` };
		const plain = await s3.send(new CopyObjectCommand(to));
		t.equal(plain.ServerSideEncryption, "AES256", "a copy inherits nothing");
		t.equal(plain.SSEKMSEncryptionContext, undefined);
		t.match(
			await s3.send(new CopyObjectCommand({ ...to, ...asked })),
			answered,
		);

		const { UploadId } = await s3.send(
			new CreateMultipartUploadCommand({ Bucket, Key, ...asked }),
		);
		const part = { Bucket, Key, UploadId, PartNumber: 1, Body: "x" };
		const { ETag, ...first } = await s3.send(new UploadPartCommand(part));
		t.match(first, answered);
		const Parts = [{ ETag, PartNumber: 1 }];
		const completed = await s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload: { Parts },
			}),
		);
		t.match(completed, answered);

		const dsse = { ServerSideEncryption: "aws:kms:dsse" as const };
		const double = await put({ ...dsse, BucketKeyEnabled: true });
		t.match(double, { ...dsse, SSEKMSKeyId: managed });
		t.equal(double.BucketKeyEnabled, undefined, "DSSE knows no bucket keys");
		for (const wrong of ["no base64 of JSON", "WzFd", "eyJhIjoxfQ=="]) {
			await t.rejects(put({ ...kms, SSEKMSEncryptionContext: wrong }), {
				name: "InvalidArgument",
				message: /shall be Base64-encoded UTF-8 string holding JSON/,
			});
		}
		await t.rejects(put({ SSEKMSKeyId: "mine" }), {
			name: "InvalidArgument",
			message:
				"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
		});
	},
);

t.test("a bucket's default holds for what asks for nothing", async (t) => {
	const { s3 } = await startEmbeddedStore(t, {
		kmsKeys: [{ id: "mine" }, { id: "other" }],
	});
	const set = (...Rules: ServerSideEncryptionRule[]) =>
		s3.send(
			new PutBucketEncryptionCommand({
				Bucket,
				ServerSideEncryptionConfiguration: { Rules },
			}),
		);
	const byDefault = (SSEAlgorithm: "AES256" | "aws:kms", key?: string) => ({
		...(key && { KMSMasterKeyID: key }),
		SSEAlgorithm,
	});
	const put = (more = {}) =>
		s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", ...more }));
	await set({
		ApplyServerSideEncryptionByDefault: byDefault("aws:kms", "mine"),
		BucketKeyEnabled: true,
	});
	const answered = {
		...kms,
		SSEKMSKeyId: `${home}key/mine`,
		BucketKeyEnabled: true,
	};
	t.match(await put(), answered);
	t.match(await s3.send(new HeadObjectCommand({ Bucket, Key })), answered);
	const begun = new CreateMultipartUploadCommand({ Bucket, Key });
	t.match(await s3.send(begun), answered);
	t.match(
		await s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "copy",
				CopySource: `${Bucket}/${Key}`,
			}),
		),
		answered,
	);
	const chosen = await put({ ServerSideEncryption: "AES256" });
	t.equal(chosen.ServerSideEncryption, "AES256");
	t.equal(chosen.SSEKMSKeyId, undefined);
	t.equal((await put(kms)).SSEKMSKeyId, managed);
	const other = { ...kms, SSEKMSKeyId: "other", BucketKeyEnabled: false };
	const ownKey = await put(other);
	t.equal(ownKey.SSEKMSKeyId, `${home}key/other`);
	t.equal(ownKey.BucketKeyEnabled, undefined);

	const rule = { ApplyServerSideEncryptionByDefault: byDefault("AES256") };
	await t.rejects(set(rule, rule), { name: "MalformedXML" });
	await t.rejects(set({}), { name: "MalformedXML" });
	await t.rejects(
		set({ ApplyServerSideEncryptionByDefault: byDefault("AES256", "mine") }),
		{
			name: "InvalidArgument",
			message:
				"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
		},
	);
	t.match(await put(), answered, "a refusal changes nothing");
	await set({
		ApplyServerSideEncryptionByDefault: byDefault("aws:kms", "none"),
	});
	await t.rejects(put(), { name: "KMS.NotFoundException" });
	await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
	t.equal((await put()).ServerSideEncryption, "AES256");
});
