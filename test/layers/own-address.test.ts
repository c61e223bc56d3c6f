/** No answer names the store's address, and no redirect of a store is passed on. */
import { Writable } from "node:stream";
import t from "tap";
import { errorOf, startWire } from "../policies/wire.ts";
import type { Answer } from "../support/store.ts";

const routes = "  - { name: rest, match: {}, upstream: store }";
const theirs = "store.secret.example";

/** Answers everything so. Pieces of a body leave as packets of their own. */
const always =
	(
		status: number,
		headers: Record<string, string>,
		...pieces: string[]
	): Answer =>
	(_request, response) => {
		response.writeHead(status, headers);
		if (pieces.length === 1) return void response.end(pieces[0]);
		const write = (): void => {
			const piece = pieces.shift();
			if (piece === undefined) response.end();
			else response.write(piece, () => setImmediate(write));
		};
		write();
	};

const complete = {
	method: "POST",
	target: "/bucket/a%20b/c?uploadId=u",
	body: "<CompleteMultipartUpload/>",
};
const result = (location: string): string =>
	`<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\n<Location>${location}</Location><Key>a b/c</Key><ETag>"e"</ETag></CompleteMultipartUploadResult>`;
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

t.test("Location in documents is the client's own address", async (t) => {
	const cases: Record<string, string[]> = {
		"at once": [declaration + result(`https://${theirs}/bucket/x`)],
		"without a declaration": [result(`https://${theirs}/bucket/x`)],
		"after white space": [
			declaration,
			" ",
			" ",
			result(`https://${theirs}/bucket/x`),
		],
		"in small pieces": [
			..."<?xml version='1.0'?>",
			" ",
			...result(`https://${theirs}/x`),
		],
		"white space before anything": [
			"\n",
			declaration.trim(),
			result(`https://${theirs}/x`),
		],
	};
	for (const [name, pieces] of Object.entries(cases)) {
		const wire = await startWire(t, routes, always(200, {}, ...pieces));
		const { status, body } = await wire.send(complete);
		t.equal(status, 200);
		t.ok(
			body.includes(
				`<Location>http://${wire.gateway.address}/bucket/a%20b%2Fc</Location>`,
			),
			name,
		);
		t.notMatch(body, theirs, name);
		t.match(body, /<ETag>(&quot;|")e(&quot;|")<\/ETag>/, name);
		t.equal(body.split("<?xml").length <= 2, true, "one declaration at most");
		t.match(body.trim(), /^<.*>$/s);
	}
});

t.test("white space is passed on while the store works", async (t) => {
	const waiting = Promise.withResolvers<() => void>();
	const wire = await startWire(t, routes, (_request, response) => {
		response.writeHead(200);
		response.write(`${declaration} `);
		waiting.resolve(() => response.end(result(`http://${theirs}/`)));
	});
	const { request } = await import("node:http");
	const [host, port] = wire.gateway.address.split(":");
	const sent = request({
		host,
		port,
		method: complete.method,
		path: complete.target,
	});
	sent.end(complete.body);
	const text = await new Promise<string>((resolve, reject) => {
		let said = "";
		sent.on("error", reject);
		sent.on("response", (response) =>
			response.pipe(
				new Writable({
					write(chunk, _encoding, done) {
						said += chunk;
						// The document is let go only when the client has the white space before it.
						void waiting.promise.then((finish) => finish());
						done();
					},
					final(done) {
						resolve(said);
						done();
					},
				}),
			),
		);
	});
	t.match(text, `${declaration} <CompleteMultipartUploadResult`);
	t.notMatch(text, theirs);
});

t.test("Location in headers is the client's own address", async (t) => {
	for (const [theirOwn, own] of [
		["/bucket", () => "/bucket"],
		["/their-name-of-it", () => "/bucket"],
		[`http://bucket.${theirs}/`, (at: string) => `http://${at}/bucket`],
		[`//${theirs}/`, (at: string) => `http://${at}/bucket`],
	] as const) {
		const wire = await startWire(
			t,
			routes,
			always(200, { location: theirOwn }, ""),
		);
		const { headers } = await wire.send({ method: "PUT", target: "/bucket" });
		t.equal(headers.location, own(wire.gateway.address), theirOwn);
	}
});

t.test("error documents name neither endpoint nor host", async (t) => {
	const document = `<Error><Code>NoSuchBucket</Code><Message>no</Message><Endpoint>${theirs}</Endpoint><HostId>zone-${theirs}</HostId></Error>`;
	for (const [raw, status] of [
		[{ method: "GET", target: "/bucket/key" }, 404],
		[complete, 200],
	] as const) {
		const wire = await startWire(
			t,
			routes,
			always(status, { "content-length": `${document.length}` }, document),
		);
		const answered = await wire.send(raw);
		t.equal(answered.status, status);
		t.match(
			answered.body,
			`<Code>NoSuchBucket</Code><Message>no</Message><Endpoint>${wire.gateway.address}</Endpoint><HostId>sealgate</HostId>`,
		);
		t.notMatch(JSON.stringify(answered), theirs);
		t.equal(
			wire.gateway.outcomes[0]?.exchange.findings.upstreamError,
			"NoSuchBucket",
		);
	}
});

const redirect = (code: string, region = ""): string =>
	`<Error><Code>${code}</Code><Message>elsewhere</Message><Endpoint>bucket.${theirs}</Endpoint>${region}</Error>`;

t.test("a redirect becomes a 502 that says what to set", async (t) => {
	const cases: [string, Answer, RegExp][] = [
		...[301, 302, 303, 307, 308].map((status): [string, Answer, RegExp] => [
			`${status} with a region`,
			always(
				status,
				{
					location: `http://${theirs}/bucket`,
					"x-amz-bucket-region": "eu-west-1",
				},
				redirect("PermanentRedirect"),
			),
			/keeps this bucket in region eu-west-1: .* set region: eu-west-1/,
		]),
		[
			"307 without one",
			always(
				307,
				{ location: `http://${theirs}/bucket` },
				redirect("TemporaryRedirect"),
			),
			/sends this request to another endpoint.* its operator must set the endpoint that its log names/,
		],
		[
			"a document under another status",
			always(400, {}, redirect("PermanentRedirect", "<Region>x-1</Region>")),
			/in region x-1/,
		],
	];
	for (const [name, answer, message] of cases) {
		for (const method of ["GET", "PUT", "DELETE"]) {
			const wire = await startWire(t, routes, answer);
			const answered = await wire.send({ method, target: "/bucket/key" });
			t.match(
				errorOf(answered),
				{ status: 502, code: "BadGateway", message },
				`${method}: ${name}`,
			);
			t.equal(answered.headers.location, undefined);
			t.notMatch(JSON.stringify(answered), theirs);
			t.equal(wire.store.requests.length, 1, "it is not followed");
			const { findings } = wire.gateway.outcomes[0]?.exchange ?? {};
			t.equal(findings?.error, "upstream-misconfigured");
			t.match(findings?.reason, `endpoint bucket.${theirs}`);
		}
	}
});

t.test("HEAD, whose answers have no document, too", async (t) => {
	for (const [status, message] of [
		[301, /keeps this bucket in region eu-west-1/],
		[400, /expects signatures for region eu-west-1/],
	] as const) {
		const wire = await startWire(
			t,
			routes,
			always(status, { "x-amz-bucket-region": "eu-west-1" }, ""),
		);
		for (const target of ["/bucket", "/bucket/key"]) {
			t.equal((await wire.send({ method: "HEAD", target })).status, 502);
			t.match(
				wire.gateway.outcomes.at(-1)?.exchange.findings.reason,
				message,
				`${status} ${target}`,
			);
		}
	}
	const wire = await startWire(
		t,
		routes,
		always(404, { "x-amz-bucket-region": "eu-west-1" }, ""),
	);
	const answered = await wire.send({ method: "HEAD", target: "/bucket/key" });
	t.equal(answered.status, 404, "what is not there is not there");
});

t.test("the redirect of a website's object passes", async (t) => {
	const header = "x-amz-website-redirect-location";
	const wire = await startWire(t, routes, always(200, { [header]: "/b" }, "c"));
	const read = await wire.send({ method: "GET", target: "/bucket/key" });
	t.match(read, { status: 200, body: "c", headers: { [header]: "/b" } });
	const site = await startWire(
		t,
		routes,
		always(301, { location: "https://a/b", [header]: "https://a/b" }, ""),
	);
	for (const method of ["GET", "HEAD"]) {
		t.match(await site.send({ method, target: "/bucket/key" }), {
			status: 301,
			headers: { location: "https://a/b" },
		});
	}
	t.equal(
		(await site.send({ method: "PUT", target: "/bucket/key" })).status,
		502,
	);
});

t.test("a refusal of our own signature is not the client's", async (t) => {
	const refusal = (code: string, more = "") =>
		`<Error><Code>${code}</Code><Message>of the store</Message><AWSAccessKeyId>UP</AWSAccessKeyId><CanonicalRequest>host:${theirs}</CanonicalRequest>${more}</Error>`;
	const cases: [string, string, RegExp][] = [
		[
			"AuthorizationHeaderMalformed",
			"<Region>eu-west-1</Region>",
			/expects signatures for region eu-west-1: .* set region: eu-west-1/,
		],
		["AuthorizationHeaderMalformed", "", /refused the gateway's own signature/],
		["SignatureDoesNotMatch", "", /\(SignatureDoesNotMatch\).* credentials/],
		["InvalidAccessKeyId", "", /\(InvalidAccessKeyId\)/],
		["RequestTimeTooSkewed", "", /\(RequestTimeTooSkewed\).* clock/],
	];
	for (const [code, more, message] of cases) {
		const wire = await startWire(
			t,
			routes,
			always(403, {}, refusal(code, more)),
		);
		const answered = await wire.send({ method: "GET", target: "/bucket/key" });
		t.match(errorOf(answered), { status: 502, code: "BadGateway", message });
		t.notMatch(answered.body, theirs);
		t.notMatch(answered.body, "AWSAccessKeyId");
		t.equal(
			wire.gateway.outcomes[0]?.exchange.findings.upstreamError,
			code,
			"the log has the store's code",
		);
	}
	const ceph = await startWire(
		t,
		"  - { name: all, match: {}, upstream: store, policies: [{ sse-kms: { keyId: unknown } }] }",
		always(403, {}, refusal("InvalidAccessKeyId")),
	);
	const ofKey = await ceph.send({ method: "PUT", target: "/bucket/key" });
	t.equal(ofKey.status, 403, "Ceph says so of a KMS key that it does not know");
	const wire = await startWire(
		t,
		routes,
		always(403, {}, refusal("AccessDenied")),
	);
	const denied = await wire.send({ method: "GET", target: "/bucket/key" });
	t.match(errorOf(denied), { status: 403, code: "AccessDenied" });
});

t.test(
	"a refusal that breaks off, does not end or cannot be read is a 502",
	async (t) => {
		const cut: Answer = (_request, response) => {
			response.writeHead(404, { "content-length": "1000" });
			response.write("<Error>", () => response.destroy());
		};
		const torn = always(404, {}, `<Error><Endpoint>${theirs}</Error>`);
		const endless = always(404, {}, `<Error>${"x".repeat(70_000)}`, "");
		for (const answer of [cut, endless, torn]) {
			const wire = await startWire(t, routes, answer);
			const answered = await wire.send({
				method: "PUT",
				target: "/bucket/key",
			});
			t.match(errorOf(answered), { status: 502, code: "BadGateway" });
			t.equal(
				wire.gateway.outcomes[0]?.exchange.findings.error,
				"upstream-broken",
			);
		}
	},
);
