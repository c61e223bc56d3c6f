import t from "tap";
import { operationNames, operationRow } from "../../src/index.ts";
import { type Sent, setUp } from "../../src/testing.ts";
import { headers } from "./index.ts";

async function through(
	options: Parameters<typeof setUp<typeof headers.options>>[1],
	sent: Sent,
): Promise<Record<string, string>> {
	const policy = await setUp(headers, options);
	const { upstream } = await policy.send(sent);
	return Object.fromEntries(upstream?.headers ?? []);
}

const options = {
	set: {
		"x-amz-storage-class": "GLACIER",
		"x-amz-meta-from": "{client} by {route} to {bucket}",
	},
	add: { "x-amz-acl": "private" },
	remove: ["cache-control"],
};

t.test("sets, adds and removes, on every operation", async (t) => {
	const changed = {
		"x-amz-storage-class": "GLACIER",
		"x-amz-acl": "private",
	};
	for (const operation of operationNames) {
		const row = operationRow(operation);
		if (row.byHost || row.aliasOf !== undefined) continue;
		const telling = Object.fromEntries(
			row.headers.map((name) => [name, "b/k"]),
		);
		const found = await through(options, {
			operation,
			headers: {
				...telling,
				"cache-control": "no-store",
				"x-amz-storage-class": "STANDARD",
			},
		});
		const bucket = row.level === "service" ? "" : "bucket";
		t.strictSame(
			found,
			{
				...telling,
				...changed,
				"x-amz-meta-from": `client by route to ${bucket}`,
			},
			operation,
		);
	}
});

t.test("add leaves what is there", async (t) => {
	const { add } = options;
	const sent = { "x-amz-acl": "public-read" };
	t.strictSame(
		await through({ add }, { operation: "PutObject", headers: sent }),
		sent,
	);
});

t.test("acts on the named operations only", async (t) => {
	const { add } = options;
	const given = { add, operations: ["PutObject" as const] };
	t.strictSame(await through(given, { operation: "PutObject" }), add);
	t.strictSame(
		await through(given, { operation: "CreateMultipartUpload" }),
		{},
	);
});

t.test("what the gateway decides itself cannot be named", async (t) => {
	for (const name of [
		"authorization",
		"host",
		"content-length",
		"transfer-encoding",
		"connection",
		"expect",
		"content-md5",
		"x-amz-date",
		"x-amz-content-sha256",
		"x-amz-security-token",
		"x-amz-decoded-content-length",
		"x-amz-trailer",
		"x-amz-checksum-crc32",
		"x-amz-checksum-algorithm",
		"x-amz-copy-source",
		"x-amz-rename-source",
		"X-Upper",
		"a b",
		"",
	]) {
		for (const given of [
			{ set: { [name]: "x" } },
			{ add: { [name]: "x" } },
			{ remove: [name] },
		])
			t.notOk(headers.options.safeParse(given).success, name);
	}
});

t.test(
	"values are printable, and a template knows what is safe in a header",
	async (t) => {
		for (const value of ["a\r\nb", "ä", "{key}", "{buckett}"])
			t.notOk(
				headers.options.safeParse({ set: { "x-a": value } }).success,
				value,
			);
		t.ok(headers.options.safeParse({ set: { "x-a": '{"json": {}}' } }).success);
	},
);
