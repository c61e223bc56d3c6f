import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import {
	boundary,
	type Fields,
	formBytes,
	postForm,
	signedFields,
} from "../support/form.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { type Answer, startTestStore, unframed } from "../support/store.ts";

const rest = "  - { name: rest, match: {}, upstream: store }";

async function setUp(
	t: { teardown(action: () => Promise<void>): void },
	routes = rest,
	answer?: Answer,
	change: (yaml: string) => string = (yaml) => yaml,
) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(
		change(configuration(store.endpoint, routes)),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const post = (fields: Fields, file: Buffer | string = "content") =>
		postForm(gateway.address, "/bucket", formBytes(fields, file));
	/** Sends a form that must not reach the store. */
	const refused = async (fields: Fields, file: Buffer | string = "content") => {
		const before = store.requests.length;
		const answer = await post(fields, file);
		t_ok(store.requests.length === before);
		return `${answer.status} ${answer.field("Code")} ${answer.field("Message")?.replaceAll("&quot;", '"')}`;
	};
	return { store, gateway, post, refused };
}

function t_ok(holds: boolean): void {
	if (!holds) throw new Error("the form reached the store");
}

const sse = "x-amz-server-side-encryption";

t.test("a signed form is sent on as a PutObject of its key", async (t) => {
	const { store, gateway, post } = await setUp(t);
	const answer = await post(
		signedFields("bucket", [
			["key", "a b/c+ü.txt"],
			["acl", "private"],
			["Content-Type", "text/plain"],
			["Cache-Control", "no-store"],
			["x-amz-meta-Who", "Zoë"],
			["x-amz-storage-class", "STANDARD_IA"],
			[
				"tagging",
				"<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>",
			],
			[sse, "AES256"],
		]),
	);
	t.equal(answer.status, 204);
	t.equal(
		answer.header("etag"),
		`"${createHash("md5").update("content").digest("hex")}"`,
	);
	t.equal(
		answer.header("location"),
		`http://${gateway.address}/bucket/a%20b%2Fc%2B%C3%BC.txt`,
	);
	t.equal(store.requests.length, 1);
	const [sent] = store.requests;
	t.ok(sent);
	if (sent === undefined) return;
	t.equal(sent.method, "PUT");
	t.equal(sent.target, "/bucket/a%20b/c%2B%C3%BC.txt");
	t.equal(unframed(sent).toString(), "content");
	t.equal(sent.headers["x-amz-decoded-content-length"], "7");
	t.match(sent.headers, {
		"x-amz-acl": "private",
		"content-type": "text/plain",
		"cache-control": "no-store",
		"x-amz-meta-who": Buffer.from("Zoë").toString("latin1"),
		"x-amz-storage-class": "STANDARD_IA",
		"x-amz-tagging": "a%20b=1%262&c=",
		[sse]: "AES256",
	});
	for (const name of ["policy", "x-amz-algorithm", "x-amz-credential", "key"]) {
		t.notOk(name in sent.headers, name);
	}
	const [outcome] = gateway.outcomes;
	t.match(outcome?.exchange.findings, {
		operation: "PostObject",
		bucket: "bucket",
		key: "a b/c+ü.txt",
		client: "app",
		accessKeyId,
		route: "rest",
	});
});
