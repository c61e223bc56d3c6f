/** Who may send a form, by all that clients can be configured with. */
import t from "tap";
import { formBytes, postForm, signedFields } from "../support/form.ts";
import { configuration, startTestGateway } from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

async function setUp(
	t: { teardown(action: () => Promise<void>): void },
	clients: string,
) {
	const store = await startTestStore();
	const gateway = await startTestGateway(
		configuration(store.endpoint).replace(/ {2}- \{ name: app.*\n/, clients),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const post = async (fields: Parameters<typeof formBytes>[0]) => {
		const bytes = formBytes(fields, "content");
		const answer = await postForm(gateway.address, "/bucket", bytes);
		return answer.field("Code") ?? answer.status;
	};
	return { store, gateway, post };
}

const key: [string, string][] = [["key", "k"]];

t.test("a form may be signed with any of a key's secrets", async (t) => {
	const { post } = await setUp(
		t,
		"  - { name: app, accessKeyId: A, secretAccessKey: [old-secret, new-secret] }\n",
	);
	const by = (secret: string) =>
		post(signedFields("bucket", key, { accessKeyId: "A", secret }));
	t.equal(await by("old-secret"), 204);
	t.equal(await by("new-secret"), 204);
	t.equal(await by("another"), "SignatureDoesNotMatch");
});

t.test("a temporary key's form carries its token", async (t) => {
	const { store, post } = await setUp(
		t,
		"  - { name: app, accessKeyId: A, secretAccessKey: secret-of-a, sessionToken: the-token }\n",
	);
	const by = (fields: [string, string][]) =>
		post(
			signedFields("bucket", [...key, ...fields], {
				accessKeyId: "A",
				secret: "secret-of-a",
			}),
		);
	t.equal(await by([["x-amz-security-token", "the-token"]]), 204);
	t.notOk("x-amz-security-token" in (store.requests[0]?.headers ?? {}));
	t.equal(await by([["x-amz-security-token", "another"]]), "InvalidToken");
	t.equal(await by([]), "InvalidAccessKeyId");
	t.equal(store.requests.length, 1);
});

t.test(
	"an unsigned form is the anonymous client's, within its limits",
	async (t) => {
		const { store, post } = await setUp(
			t,
			"  - { name: public, anonymous: true, prefixes: [in/], verbs: [POST] }\n",
		);
		t.equal(await post([["key", "in/a"]]), 204);
		t.equal(store.requests[0]?.method, "PUT");
		t.notOk("authorization" in (store.requests[0]?.headers ?? {}));
		t.equal(await post([["key", "out/a"]]), "AccessDenied");
		t.equal(await post(signedFields("bucket", key)), "InvalidAccessKeyId");
		t.equal(store.requests.length, 1);
	},
);
