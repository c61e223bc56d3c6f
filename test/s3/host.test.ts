import fc from "fast-check";
import t from "tap";
import { isBucketName } from "../../src/s3/bucket.ts";
import {
	bucketOfHost,
	hostName,
	isAccessPointAlias,
	isAccessPointHost,
} from "../../src/s3/host.ts";

const domains = ["s3.example.internal", "eu.s3.example.internal"];

t.test("the labels before a domain are a bucket", async (t) => {
	const cases: [string, string | undefined][] = [
		["photos.s3.example.internal", "photos"],
		["photos.s3.example.internal:9000", "photos"],
		["Photos.S3.Example.Internal", "photos"],
		["photos.s3.example.internal.", "photos"],
		["a.dotted.bucket.s3.example.internal", "a.dotted.bucket"],
		["photos.eu.s3.example.internal", "photos"],
		["eu.s3.example.internal", undefined],
		["s3.example.internal", undefined],
		["s3.example.internal:443", undefined],
		["photoss3.example.internal", undefined],
		["127.0.0.1:9000", undefined],
		["[::1]:9000", undefined],
		["", undefined],
	];
	for (const [host, bucket] of cases) {
		t.equal(bucketOfHost(host, domains), bucket, host);
	}
	t.equal(bucketOfHost("photos.s3.example.internal", []), undefined);
});

t.test("labels that are no bucket are refused", async (t) => {
	for (const labels of ["a", "a_b", "a..b", "-ab", "1.2.3.4", "x".repeat(64)]) {
		t.throws(
			() => bucketOfHost(`${labels}.s3.example.internal`, domains),
			{ code: "bucket-name-invalid", fields: { BucketName: labels } },
			labels,
		);
	}
});

const bucket = fc
	.stringMatching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
	.filter(isBucketName);

t.test("any bucket is found again in any case and with any port", async () => {
	fc.assert(
		fc.property(
			bucket,
			fc.option(fc.nat({ max: 65_535 })),
			fc.boolean(),
			(name, port, upper) => {
				const host = `${name}.s3.test${port === null ? "" : `:${port}`}`;
				return (
					bucketOfHost(upper ? host.toUpperCase() : host, ["s3.test"]) === name
				);
			},
		),
	);
});

t.test("a host that is not below a domain is path-style", async () => {
	fc.assert(
		fc.property(fc.string(), (host) => {
			fc.pre(!hostName(host).endsWith(".s3.test"));
			return bucketOfHost(host, ["s3.test"]) === undefined;
		}),
	);
});

t.test("access points are known by host and by alias", async (t) => {
	for (const host of [
		"ap-123456789012.s3-accesspoint.eu-central-1.amazonaws.com",
		"ap-123456789012.s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com",
		"mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com",
		"fn-123456789012.s3-object-lambda.eu-central-1.amazonaws.com:443",
		"AP-123456789012.op-1.S3-Outposts.us-east-1.amazonaws.com",
		"123456789012.s3-control.us-east-1.amazonaws.com",
		"b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com",
	]) {
		t.ok(isAccessPointHost(host), host);
	}
	for (const host of [
		"photos.s3.eu-central-1.amazonaws.com",
		"s3.example.internal",
		"my-s3-accesspoint.example",
	]) {
		t.notOk(isAccessPointHost(host), host);
	}
	t.ok(isAccessPointAlias("ap-abcdef123-s3alias"));
	t.ok(isAccessPointAlias("ap-abcdef123--ol-s3"));
	t.ok(isAccessPointAlias("mfzwi23gnjvgw.mrap"));
	t.notOk(isAccessPointAlias("photos"));
});
