/** The tags of a copy that is made part by part: the store copies none of them by itself. */
import {
	child,
	children,
	childText,
	replaces,
	SealgateError,
} from "../../src/index.ts";
import type { Copying } from "./copy-source.ts";
import { sourceHead } from "./copy-source.ts";
import { documentOf } from "./documents.ts";

/** A header for the upload's beginning, of the source's tags or, with REPLACE, of the request's; none where there are none. */
export async function copiedTags({
	request,
	next,
	source,
	seen,
}: Copying): Promise<Record<string, string>> {
	if (replaces(request.headers, "tagging")) {
		const own = request.headers.get("x-amz-tagging");
		return own === undefined ? {} : { "x-amz-tagging": own };
	}
	if (Number(seen.headers.get("x-amz-tagging-count") ?? 0) === 0) return {};
	const { operation } = sourceHead(request, source);
	const version = source.versionId ?? seen.headers.get("x-amz-version-id");
	const response = await next({
		operation: {
			...operation,
			name: "GetObjectTagging",
			method: "GET",
			query: [
				["tagging", ""],
				...(version === undefined ? [] : [["versionId", version] as const]),
			] as [string, string][],
		},
		headers: new Map(),
		body: undefined,
	});
	if (response.status !== 200) {
		throw new SealgateError(
			"upstream-broken",
			`The tags of ${source.bucket}/${source.key} could not be read: copy it with x-amz-tagging-directive: REPLACE, or give the gateway s3:GetObjectTagging.`,
		);
	}
	const set = child(await documentOf(response), "TagSet");
	const tags = (set === undefined ? [] : children(set, "Tag")).map((tag) =>
		[childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""]
			.map(encodeURIComponent)
			.join("="),
	);
	return { "x-amz-tagging": tags.join("&") };
}
