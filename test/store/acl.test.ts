import {
	CopyObjectCommand,
	CreateBucketCommand,
	DeleteObjectCommand,
	GetBucketAclCommand,
	GetObjectAclCommand,
	type Grant,
	PutBucketAclCommand,
	PutBucketVersioningCommand,
	PutObjectAclCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const Key = "k";
/** The SDK does not list it, and sends it. */
const logDelivery = "log-delivery-write" as "private";
const everybody = "http://acs.amazonaws.com/groups/global/AllUsers";

t.test("who sets no list is answered the owner's full control", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
	const bucket = await s3.send(new GetBucketAclCommand({ Bucket }));
	const object = await s3.send(new GetObjectAclCommand({ Bucket, Key }));
	for (const { Owner, Grants } of [bucket, object]) {
		t.match(Owner?.ID, /^[0-9a-f]{64}$/);
		t.strictSame(Grants, [
			{
				Grantee: {
					ID: Owner?.ID,
					DisplayName: Owner?.DisplayName,
					Type: "CanonicalUser",
				},
				Permission: "FULL_CONTROL",
			},
		]);
	}
});

t.test("canned lists are kept and answered as grants", async (t) => {
	const { s3, restart } = await startEmbeddedStore(t);
	const granted = async (found: { Grants?: Grant[] | undefined }) =>
		found.Grants?.map(({ Grantee, Permission }) =>
			[Grantee?.URI?.split("/").at(-1) ?? "owner", Permission].join(" "),
		);
	const ofObject = async (key = Key) =>
		granted(await s3.send(new GetObjectAclCommand({ Bucket, Key: key })));
	const publicly = ["owner FULL_CONTROL", "AllUsers READ"];
	await s3.send(
		new PutObjectCommand({ Bucket, Key, Body: "x", ACL: "public-read" }),
	);
	t.strictSame(await ofObject(), publicly);
	const CopySource = `${Bucket}/${Key}`;
	await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
	t.strictSame(await ofObject("copy"), ["owner FULL_CONTROL"]);
	await s3.send(
		new PutObjectAclCommand({ Bucket, Key, ACL: "authenticated-read" }),
	);
	t.strictSame(await ofObject(), [
		"owner FULL_CONTROL",
		"AuthenticatedUsers READ",
	]);
	await s3.send(
		new PutObjectAclCommand({ Bucket, Key, GrantRead: `uri="${everybody}"` }),
	);
	t.strictSame(await ofObject(), ["AllUsers READ"]);
	const { Owner } = await s3.send(new GetObjectAclCommand({ Bucket, Key }));
	const Grants = [
		{
			Grantee: { Type: "CanonicalUser" as const, ID: Owner?.ID },
			Permission: "READ" as const,
		},
		{
			Grantee: { Type: "Group" as const, URI: everybody },
			Permission: "READ_ACP" as const,
		},
	];
	const policy = { AccessControlPolicy: { Owner, Grants } };
	await s3.send(new PutObjectAclCommand({ Bucket, Key, ...policy }));
	t.strictSame(await ofObject(), ["owner READ", "AllUsers READ_ACP"]);

	await s3.send(
		new PutBucketAclCommand({
			Bucket,
			ACL: logDelivery,
		}),
	);
	await s3.send(
		new CreateBucketCommand({ Bucket: "public", ACL: "public-read-write" }),
	);
	const later = await restart();
	const ofBucket = async (name: string) =>
		granted(await later.send(new GetBucketAclCommand({ Bucket: name })));
	t.strictSame(await ofBucket(Bucket), [
		"owner FULL_CONTROL",
		"LogDelivery WRITE",
		"LogDelivery READ_ACP",
	]);
	t.strictSame(await ofBucket("public"), [
		"owner FULL_CONTROL",
		"AllUsers READ",
		"AllUsers WRITE",
	]);
});

t.test("a list that is wrong gets the error that AWS gives", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
	const { Owner } = await s3.send(new GetObjectAclCommand({ Bucket, Key }));
	const policy = (ID: string | undefined, grantee: object) => ({
		AccessControlPolicy: {
			Owner: { ID },
			Grants: [
				{
					Grantee: { Type: "CanonicalUser" as const, ...grantee },
					Permission: "READ" as const,
				},
			],
		},
	});
	const argument = (name: string, value: string, message: RegExp | string) => ({
		name: "InvalidArgument",
		message,
		ArgumentName: name,
		ArgumentValue: value,
	});
	const noGroup = "http://acs.amazonaws.com/groups/s3/FakeGroup";
	const cases: [
		ask: object,
		wanted: { name: string; [field: string]: unknown },
	][] = [
		[{ ACL: "fake-acl" }, argument("x-amz-acl", "fake-acl", /./)],
		[
			{ GrantRead: `uri="${noGroup}"` },
			argument("uri", noGroup, "Invalid group uri"),
		],
		[
			{ GrantWrite: 'fakekey="1234"' },
			argument(
				"x-amz-grant-write",
				'fakekey="1234"',
				"Argument format not recognized",
			),
		],
		[{ GrantWrite: 'id="wrong-id"' }, argument("id", "wrong-id", "Invalid id")],
		[
			{ ACL: "private", GrantRead: `id="${Owner?.ID}"` },
			{
				name: "InvalidRequest",
				message: "Specifying both Canned ACLs and Header Grants is not allowed",
			},
		],
		[{}, { name: "MissingSecurityHeader", MissingHeaderName: "x-amz-acl" }],
		[
			{ ACL: "private", ...policy(Owner?.ID, { ID: Owner?.ID }) },
			{ name: "UnexpectedContent" },
		],
		[
			policy("wrong-id", { ID: Owner?.ID }),
			argument("CanonicalUser/ID", "wrong-id", "Invalid id"),
		],
		[
			policy(Owner?.ID, { ID: "wrong-id" }),
			argument("CanonicalUser/ID", "wrong-id", "Invalid id"),
		],
		[
			policy(Owner?.ID, { Type: "Group", URI: noGroup }),
			argument("Group/URI", noGroup, "Invalid group uri"),
		],
		[policy(Owner?.ID, {}), { name: "MalformedACLError" }],
	];
	for (const [ask, wanted] of cases) {
		const title = JSON.stringify(ask);
		const ofBucket = s3.send(new PutBucketAclCommand({ Bucket, ...ask }));
		await t.rejects(ofBucket, wanted, title);
		const ofObject = s3.send(new PutObjectAclCommand({ Bucket, Key, ...ask }));
		await t.rejects(ofObject, wanted, title);
	}
	const put = { Bucket, Key, Body: "x", ACL: "fake-acl" as "private" };
	await t.rejects(s3.send(new PutObjectCommand(put)), {
		name: "InvalidArgument",
	});
});

t.test("a delete marker has no list", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	await s3.send(
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	const { VersionId: first } = await s3.send(
		new PutObjectCommand({ Bucket, Key, Body: "x" }),
	);
	const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
	const get = (more = {}) =>
		s3.send(new GetObjectAclCommand({ Bucket, Key, ...more }));
	const put = (more = {}) =>
		s3.send(
			new PutObjectAclCommand({ Bucket, Key, ACL: "public-read", ...more }),
		);
	const refused = (Method: string) => ({
		name: "MethodNotAllowed",
		Method,
		ResourceType: "DeleteMarker",
	});
	await t.rejects(get(), { name: "NoSuchKey", Key });
	await t.rejects(get({ VersionId }), refused("GET"));
	await t.rejects(put(), refused("PUT"));
	await t.rejects(put({ VersionId }), refused("PUT"));
	await put({ VersionId: first });
	t.equal((await get({ VersionId: first })).Grants?.length, 2);
});
