/** Object tags as a document and as a header. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import { child, children, childText, parseXml } from "./xml.ts";

/**
 * What `x-amz-tagging` says where a `<Tagging>` document says the same.
 * @throws SealgateError `xml-malformed`
 */
export function taggingHeader(document: Buffer | string): string {
	const set = child(parseXml(document), "TagSet");
	const tags = set === undefined ? [] : children(set, "Tag");
	return tags
		.map((tag) =>
			[childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""]
				.map(encodeURIComponent)
				.join("="),
		)
		.join("&");
}
