/**
 * Grants, as headers and documents name them. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import type { HeaderMap } from "../http/headers.ts";
import { child, children, childText, parseXml } from "../s3/xml.ts";
import { ownerId } from "./answers.ts";
import { StoreError } from "./errors.ts";

export interface Grant {
	/** The owner's canonical id, or the URI of a group. */
	readonly grantee: string;
	readonly permission: string;
}

export const ownersAlone = { grantee: ownerId, permission: "FULL_CONTROL" };
export const groups = "http://acs.amazonaws.com/groups/";
const everybody = `${groups}global/AllUsers`;
const authenticated = `${groups}global/AuthenticatedUsers`;
const logDelivery = `${groups}s3/LogDelivery`;
const read = "READ";
const write = "WRITE";

/** Beside the owner's full control. https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl */
const canned: Readonly<Record<string, readonly Grant[]>> = {
	private: [],
	"public-read": [{ grantee: everybody, permission: read }],
	"public-read-write": [
		{ grantee: everybody, permission: read },
		{ grantee: everybody, permission: write },
	],
	"authenticated-read": [{ grantee: authenticated, permission: read }],
	"aws-exec-read": [],
	"bucket-owner-read": [],
	"bucket-owner-full-control": [],
	"log-delivery-write": [
		{ grantee: logDelivery, permission: write },
		{ grantee: logDelivery, permission: "READ_ACP" },
	],
};

const grantHeaders: Readonly<Record<string, string>> = {
	"x-amz-grant-full-control": "FULL_CONTROL",
	"x-amz-grant-read": read,
	"x-amz-grant-write": write,
	"x-amz-grant-read-acp": "READ_ACP",
	"x-amz-grant-write-acp": "WRITE_ACP",
};

/** What the headers of a write ask for; undefined where they ask for nothing. @throws StoreError */
export function grantsAsked(headers: HeaderMap): readonly Grant[] | undefined {
	const name = headers.get("x-amz-acl");
	const given = Object.entries(grantHeaders).flatMap(([header, permission]) =>
		grantees(header, headers.get(header)).map((grantee) => ({
			grantee,
			permission,
		})),
	);
	if (name === undefined) return given.length === 0 ? undefined : given;
	if (given.length > 0) {
		const message =
			"Specifying both Canned ACLs and Header Grants is not allowed";
		throw new StoreError("InvalidRequest", {}, message);
	}
	const grants = canned[name];
	if (grants !== undefined) return [ownersAlone, ...grants];
	throw invalid("x-amz-acl", name, "");
}

/** `id="…", uri="…"` */
function grantees(header: string, value: string | undefined): string[] {
	if (value === undefined) return [];
	return value.split(",").map((part) => {
		const [, type, name] = /^\s*(id|uri)="?([^"]*)"?\s*$/.exec(part) ?? [];
		if (type === undefined || name === undefined) {
			throw invalid(header, value, "Argument format not recognized");
		}
		if (type === "id" && name !== ownerId)
			throw invalid("id", name, "Invalid id");
		if (type === "uri") checkGroup("uri", name);
		return name;
	});
}

function checkGroup(argument: string, uri: string): void {
	if ([everybody, authenticated, logDelivery].includes(uri)) return;
	throw invalid(argument, uri, "Invalid group uri");
}

function invalid(name: string, value: string, message: string): StoreError {
	return new StoreError(
		"InvalidArgument",
		{ ArgumentName: name, ArgumentValue: value },
		message,
	);
}

const permissions = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

/** @throws StoreError */
export function parseAcl(content: Buffer): readonly Grant[] {
	const malformed = new StoreError("MalformedACLError");
	const root = parseXml(content);
	const list = child(root, "AccessControlList");
	const who = child(root, "Owner");
	if (root.name !== "AccessControlPolicy" || !list || !who) throw malformed;
	if (childText(who, "ID") !== ownerId) {
		throw invalid("CanonicalUser/ID", childText(who, "ID") ?? "", "Invalid id");
	}
	return children(list, "Grant").map((grant) => {
		const grantee = child(grant, "Grantee");
		const permission = childText(grant, "Permission") ?? "";
		const id = grantee && childText(grantee, "ID");
		const uri = grantee && childText(grantee, "URI");
		const name = id ?? uri;
		if (name === undefined || !permissions.includes(permission))
			throw malformed;
		if (uri !== undefined) checkGroup("Group/URI", uri);
		else if (id !== ownerId)
			throw invalid("CanonicalUser/ID", name, "Invalid id");
		return { grantee: name, permission };
	});
}
