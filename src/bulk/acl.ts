/** The grants of an object as the headers of a write: a copy has none of its source's by itself. */
import type { HeaderMap } from "../http/headers.ts";
import { child, children, childText, type XmlElement } from "../s3/xml.ts";
import { type Ask, documentOf, StoreRefusal } from "./ask.ts";
import type { Item } from "./item.ts";

const headerOf: Readonly<Record<string, string>> = {
	FULL_CONTROL: "x-amz-grant-full-control",
	READ: "x-amz-grant-read",
	READ_ACP: "x-amz-grant-read-acp",
	WRITE_ACP: "x-amz-grant-write-acp",
};

/** @returns nothing for what only its owner may touch, which is what a write makes by itself */
export async function grantHeaders(
	ask: Ask,
	bucket: string,
	{ key, versionId }: Item,
): Promise<HeaderMap> {
	const response = await ask({
		operation: {
			name: "GetObjectAcl",
			method: "GET",
			bucket,
			key,
			query: [
				["acl", ""],
				...(versionId === undefined ? [] : [["versionId", versionId] as const]),
			],
		},
		headers: new Map(),
		body: undefined,
	});
	try {
		const document = await documentOf(response, `the ACL of ${key}`);
		return document === undefined ? new Map() : headersFor(document);
	} catch (error) {
		// A store without ACLs has none to lose.
		if (error instanceof StoreRefusal && error.status === 501) return new Map();
		if (error instanceof StoreRefusal && error.status === 403)
			throw new Error(
				`${error.message}: allow s3:GetObjectAcl, or say --no-acl where objects have no grants of their own`,
			);
		throw error;
	}
}

/** @param policy AccessControlPolicy */
function headersFor(policy: XmlElement): HeaderMap {
	const owner = child(policy, "Owner");
	const list = child(policy, "AccessControlList");
	const grants = (list === undefined ? [] : children(list, "Grant")).map(
		(grant) => ({
			grantee: granteeOf(child(grant, "Grantee")),
			permission: childText(grant, "Permission") ?? "",
		}),
	);
	const own = `id="${(owner && childText(owner, "ID")) ?? ""}"`;
	const isOwners = (grant: (typeof grants)[number]) =>
		grant.permission === "FULL_CONTROL" && grant.grantee === own;
	if (grants.every(isOwners)) return new Map();
	const headers = new Map<string, string>();
	for (const { grantee, permission } of grants) {
		const name = headerOf[permission];
		if (name === undefined || grantee === undefined) continue;
		const before = headers.get(name);
		headers.set(name, before === undefined ? grantee : `${before}, ${grantee}`);
	}
	return headers;
}

function granteeOf(grantee: XmlElement | undefined): string | undefined {
	if (grantee === undefined) return undefined;
	const uri = childText(grantee, "URI");
	if (uri !== undefined) return `uri="${uri}"`;
	const id = childText(grantee, "ID");
	return id === undefined ? undefined : `id="${id}"`;
}
