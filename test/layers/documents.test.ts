/** XML documents are read whole, and so up to a limit only. */
import { gzipSync } from "node:zlib";
import t from "tap";
import { errorOf, startWire } from "../policies/wire.ts";

const mebibyte = 1024 ** 2;
const routes = "  - { name: all, match: {}, upstream: store }";

/** Two MiB is the default; a list of 10,000 parts may need four. */
const cases = [
	["PUT", "/bucket?tagging", 2 * mebibyte],
	["POST", "/bucket?delete", 2 * mebibyte],
	["POST", "/bucket/key?uploadId=1", 4 * mebibyte],
] as const;

t.test("a document over the limit is refused by its size", async (t) => {
	const wire = await startWire(t, routes);
	for (const [method, target, most] of cases) {
		const fill = (size: number) =>
			`<Delete><Object><Key>k</Key></Object>${" ".repeat(size)}</Delete>`;
		const whole = fill(most - fill(0).length);
		const fits = await wire.send({ method, target, body: whole });
		t.equal(fits.status, 200, `${target} of ${whole.length} bytes`);
		const refused = await wire.refused({ method, target, body: `${whole} ` });
		t.match(errorOf(refused), {
			status: 400,
			code: "MaxMessageLengthExceeded",
		});
		t.match(
			refused.body,
			`<MaxMessageLengthBytes>${most}</MaxMessageLengthBytes>`,
		);
	}
});

t.test(
	"a store that compresses is asked for plain documents: those are read here; of objects the client gets what it asks for",
	async (t) => {
		const list =
			"<ListBucketResult><Contents><Key>key</Key><Size>5</Size></Contents></ListBucketResult>";
		const complete =
			"<CompleteMultipartUploadResult><Location>https://store.secret.example/bucket/key</Location></CompleteMultipartUploadResult>";
		const wire = await startWire(t, routes, (request, response) => {
			const text = request.method === "POST" ? complete : list;
			const compresses = /gzip/.test(`${request.headers["accept-encoding"]}`);
			response.writeHead(200, compresses ? { "content-encoding": "gzip" } : {});
			response.end(compresses ? gzipSync(text) : text);
		});
		const headers = { "accept-encoding": "zstd,gzip" };
		const completed = await wire.send({
			method: "POST",
			target: "/bucket/key?uploadId=1",
			headers,
			body: "<CompleteMultipartUpload/>",
		});
		t.match(completed.body, /<Location>http:\/\/127/);
		const listed = await wire.send({
			method: "GET",
			target: "/bucket?list-type=2",
			headers,
		});
		t.match(listed, { body: list });
		t.equal(wire.store.requests.at(-1)?.headers["accept-encoding"], "identity");
		const object = { target: "/bucket/key", headers };
		for (const method of ["GET", "HEAD"]) {
			const sent = await wire.through({ method, ...object });
			t.equal(sent.headers["accept-encoding"], "zstd,gzip", method);
		}
		const unsaid = await wire.through({ method: "GET", target: "/bucket/key" });
		t.equal(unsaid.headers["accept-encoding"], undefined);
	},
);
