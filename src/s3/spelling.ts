/**
 * Spellings that two readers could take for two requests. Elsewhere the gateway writes anew what it judged; under a
 * client's own signature it cannot, so what is not plain is refused. Pure.
 */
import { posix } from "node:path";
import { SealgateError } from "../errors.ts";
import { parseCopySource, renderCopySource } from "./copy-source.ts";

/**
 * An object as a store reads it that keeps objects as files: MinIO drops slashes before a key, versitygw resolves `.`,
 * `..` and empty segments too. AWS and Ceph keep keys as they are.
 * @returns a key that may be empty, and perhaps another bucket
 */
export function asPath(
	bucket: string,
	key: string,
): { readonly bucket: string; readonly key: string } {
	const [, first = "", ...rest] = posix
		.normalize(`/${bucket}/${key}`)
		.split("/");
	return { bucket: first, key: rest.join("/") };
}

/**
 * Some servers end a parameter at a semicolon, and would see a sub-resource that nobody judged.
 * @param target as it came
 * @throws SealgateError `uri-malformed`
 */
export function checkTargetSpelling(target: string): void {
	const [, ...query] = target.split("?");
	const parameters = query.join("?").split("&");
	const split = parameters.find(
		(parameter) =>
			parameter.includes(";") && !/^X-Amz-SignedHeaders=/i.test(parameter),
	);
	if (split === undefined) return;
	throw new SealgateError(
		"uri-malformed",
		"Couldn't parse the specified URI: write a semicolon in the query as %3B.",
	);
}

/**
 * @param source the value of `x-amz-copy-source` or `x-amz-rename-source`
 * @throws SealgateError `argument-invalid`, and what `parseCopySource` throws
 */
export function checkSourceSpelling(source: string): void {
	const parsed = parseCopySource(source);
	const plain = source.replace(/^\//, "");
	const rendered = renderCopySource(parsed).slice(1);
	if (
		!source.includes("+") &&
		plain.startsWith(`${parsed.bucket}/`) &&
		decodeURIComponent(plain) === decodeURIComponent(rendered)
	) {
		return;
	}
	throw new SealgateError(
		"argument-invalid",
		"This gateway passes the copy source on as it is signed, so it must be plain: bucket/key, with a plus and special characters percent-encoded.",
		{ fields: { ArgumentName: "x-amz-copy-source" } },
	);
}
