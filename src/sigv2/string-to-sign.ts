/**
 * What Signature Version 2 signs: verb, digest, type and date, Amazon's headers, and the resource with its
 * sub-resources. Latin1 strings: one character for each byte that is signed.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
import type { Operation } from "../s3/operation.ts";
import type { SignedHead } from "../sigv4/authentication.ts";

/** The parameters that are signed: those of the page, and what botocore signs beside them. */
const signed = new Set([
	"accelerate",
	"acl",
	"analytics",
	"cors",
	"delete",
	"inventory",
	"lifecycle",
	"location",
	"logging",
	"metrics",
	"notification",
	"object-lock",
	"partNumber",
	"policy",
	"replication",
	"requestPayment",
	"response-cache-control",
	"response-content-disposition",
	"response-content-encoding",
	"response-content-language",
	"response-content-type",
	"response-expires",
	"restore",
	"select",
	"select-type",
	"tagging",
	"torrent",
	"uploadId",
	"uploads",
	"versionId",
	"versioning",
	"versions",
	"website",
]);

/** Whether a parameter is part of what is signed. */
export function signsParameter(name: string): boolean {
	return signed.has(name) || /^x-amz-/i.test(name);
}

/**
 * @param expires seconds since 1970 as text, in place of the date of a presigned request
 * @param path in place of the head's own
 */
export function stringToSign(
	head: SignedHead,
	operation: Pick<Operation, "bucket" | "key">,
	expires: string | undefined,
	path = head.path,
): string {
	const { headers } = head;
	const date = headers.has("x-amz-date") ? "" : (headers.get("date") ?? "");
	return [
		head.method,
		headers.get("content-md5") ?? "",
		headers.get("content-type") ?? "",
		expires ?? date,
		amazonHeaders(head) + resource({ ...head, path }, operation),
	].join("\n");
}

/** Those that came in the query count as headers: presigners move them there. */
function amazonHeaders({ headers, query }: SignedHead): string {
	const all = new Map<string, string>();
	for (const [name, value] of query) all.set(name.toLowerCase(), bytes(value));
	for (const [name, value] of headers) all.set(name, value);
	return [...all]
		.filter(([name]) => name.startsWith("x-amz-"))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${name}:${value.trim()}\n`)
		.join("");
}

/** The path as it came, behind its bucket where that stood in the host, then the signed parameters in order. */
function resource(
	{ path, query }: SignedHead,
	{ bucket, key = "" }: Pick<Operation, "bucket" | "key">,
): string {
	const inHost = bucket !== undefined && decodeURIComponent(path) === `/${key}`;
	const parameters = query
		.filter(([name]) => signed.has(name))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => (value === "" ? name : `${name}=${bytes(value)}`));
	const mark = parameters.length === 0 ? "" : "?";
	return `${inHost ? `/${bucket}` : ""}${path}${mark}${parameters.join("&")}`;
}

function bytes(text: string): string {
	return Buffer.from(text, "utf8").toString("latin1");
}
