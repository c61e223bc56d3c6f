/** What `Host` says of a request. Names of hosts have no case; the port says nothing about the bucket. */
import { SealgateError } from "../errors.ts";
import { isBucketName } from "./bucket.ts";

/** `Host` without its port, in lower case: `[::1]:9000` is `[::1]`. */
export function hostName(host: string): string {
	return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/**
 * The bucket of a virtual-hosted request, dots and all, or undefined where the host is a domain itself or any other
 * host: such a request is path-style.
 * @param domains in lower case; of two that fit, the longer one
 * @throws SealgateError `bucket-name-invalid`
 */
export function bucketOfHost(
	host: string,
	domains: readonly string[],
): string | undefined {
	const name = hostName(host);
	const [domain] = domains
		.filter((candidate) => name === candidate || name.endsWith(`.${candidate}`))
		.sort((a, b) => b.length - a.length);
	if (domain === undefined || name === domain) return undefined;
	const bucket = name.slice(0, -domain.length - 1);
	if (isBucketName(bucket)) return bucket;
	throw new SealgateError(
		"bucket-name-invalid",
		`The specified bucket is not valid: what stands before .${domain} in Host names no bucket.`,
		{ fields: { BucketName: bucket } },
	);
}

/**
 * Hosts of access points, Object Lambda, Outposts, directory buckets and the control API: their path is another one.
 * https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
export function isAccessPointHost(host: string): boolean {
	return /(^|\.)(s3-accesspoint(-fips)?|s3-object-lambda(-fips)?|s3-outposts(-fips)?|s3-control(-fips)?|accesspoint\.s3-global|s3express-[a-z0-9-]+)\./.test(
		hostName(host),
	);
}

/** Aliases of access points stand where a bucket would, and reach the objects of another. AWS reserves the endings. */
export function isAccessPointAlias(bucket: string): boolean {
	return /(-s3alias|--ol-s3|\.mrap)$/.test(bucket);
}
