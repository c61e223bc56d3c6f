/** What would take the keys of a route out of use, or objects out of their reach. */
import { children, type S3Request, type XmlElement } from "../../src/index.ts";
import { documentOf, type Judges, otherWrites, refusal } from "../judging.ts";

/** @param derived whether an object's key depends on its name */
export function judgesOf(derived: boolean): Judges {
	return {
		...otherWrites,
		RenameObject() {
			if (!derived) return;
			throw refusal(
				"RenameObject would leave the object under the key of its old name, where nothing can read it; copy it and delete it.",
			);
		},
		PutBucketEncryption(request) {
			if (blocked(request).every((type) => type.text.trim() === "NONE")) return;
			throw refusal(
				`PutBucketEncryption would block SSE-C on bucket ${request.operation.bucket}, which this route writes with; send BlockedEncryptionTypes NONE.`,
			);
		},
	};
}

/** What any of the document's lists blocks: a store may read the first or the last of them. */
function blocked(request: S3Request): readonly XmlElement[] {
	const all = (node: XmlElement): readonly XmlElement[] =>
		node.name === "BlockedEncryptionTypes"
			? children(node, "EncryptionType")
			: node.children.flatMap(all);
	const document = documentOf(request);
	return document === undefined ? [] : all(document);
}
