/** `sealgate audit export`: the records in the shapes that other tools read. */
import type { FoundEntry } from "../../audit/log/logs.ts";
import { version } from "../version.ts";
import { type FilterOptions, search } from "./filter.ts";

export const formats = ["json", "csv", "ocsf", "cloudtrail"] as const;

export type ExportFormat = (typeof formats)[number];

type Entry = Readonly<Record<string, unknown>>;

export async function exportRecords(
	folder: string,
	options: FilterOptions & { readonly format: ExportFormat },
): Promise<number> {
	const { format } = options;
	if (format === "csv") console.log(columns.join(","));
	for (const found of await search(folder, options)) {
		if (!isEvidence(found)) continue;
		const line = writers[format](found.entry);
		console.log(typeof line === "string" ? line : JSON.stringify(line));
	}
	return 0;
}

/** Ends of requests and commands: what the log says of itself, and a begin, tells nobody what was done. */
function isEvidence({ entry }: FoundEntry): boolean {
	return !entry.event.startsWith("log.") && entry.event !== "request.begin";
}

const columns = [
	"time",
	"event",
	"client",
	"user",
	"operation",
	"command",
	"bucket",
	"key",
	"versionId",
	"route",
	"keys",
	"keyIds",
	"outcome",
	"status",
	"error",
	"reason",
	"requestId",
	"remoteAddress",
	"bytesIn",
	"bytesOut",
	"duration",
];

const writers: Readonly<Record<ExportFormat, (entry: Entry) => unknown>> = {
	json: (entry) => entry,
	csv: (entry) =>
		columns
			.map((name) =>
				cell(name === "keyIds" ? keyIdsOf(entry).join(" ") : entry[name]),
			)
			.join(","),
	ocsf: datastoreActivity,
	cloudtrail: trailEvent,
};

function keyIdsOf({ keyIds, keyUses }: Entry): string[] {
	const uses = (keyUses ?? []) as { keyId: string }[];
	return [
		...new Set([
			...((keyIds ?? []) as string[]),
			...uses.map(({ keyId }) => keyId),
		]),
	];
}

/** RFC 4180. What begins like a formula is quoted with an apostrophe: spreadsheets would run it. */
function cell(value: unknown): string {
	if (value === undefined) return "";
	const text =
		typeof value === "object" ? JSON.stringify(value) : String(value);
	const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** OCSF 1.9, class 6005 Datastore Activity: 9 Encrypt, 10 Decrypt, 1 Read, 3 Create, 5 Delete, 99 Other. */
function datastoreActivity(entry: Entry): unknown {
	const activity = activityOf(entry);
	const failed = entry.outcome !== "success";
	return {
		class_uid: 6005,
		category_uid: 6,
		activity_id: activity,
		type_uid: 600_500 + activity,
		severity_id: failed ? 3 : 1,
		time: Date.parse(String(entry.time)),
		status_id: failed ? 2 : 1,
		status_code: entry.error,
		status_detail: entry.reason,
		metadata: {
			version: "1.9.0",
			product: {
				name: "Sealgate",
				vendor_name: "Sealgate",
				version: version(),
			},
			uid: entry.requestId,
		},
		actor: {
			user: { name: entry.client ?? entry.user, uid: entry.accessKeyId },
		},
		api: {
			operation: entry.operation ?? entry.command,
			response: { code: entry.status },
		},
		src_endpoint: { ip: entry.remoteAddress },
		databucket: {
			name: entry.bucket,
			file:
				entry.key === undefined ? undefined : { name: entry.key, type_id: 1 },
		},
		unmapped: {
			route: entry.route,
			key_ids: keyIdsOf(entry),
			duration: entry.duration,
		},
	};
}

function activityOf({ keyUses, operation, outcome }: Entry): number {
	const use = ((keyUses ?? []) as { use: string }[])[0]?.use;
	if (use === "seal") return 9;
	if (use === "open") return 10;
	const name = String(operation ?? "");
	if (outcome === "refused" || name === "") return 99;
	if (/^(Get|Head|List)/.test(name)) return 1;
	if (/^(Put|Post|Copy|Create|Upload|Complete)/.test(name)) return 3;
	return name.startsWith("Delete") ? 5 : 99;
}

/** The fields that CloudTrail has for S3 data events. */
function trailEvent(entry: Entry): unknown {
	const name = String(entry.operation ?? entry.command ?? entry.event);
	return {
		eventVersion: "1.11",
		userIdentity: {
			type: entry.client === undefined ? "Unknown" : "IAMUser",
			userName: entry.client ?? entry.user,
			accessKeyId: entry.accessKeyId,
		},
		eventTime: entry.time,
		eventSource: "sealgate",
		eventName: name,
		sourceIPAddress: entry.remoteAddress,
		errorCode: entry.error,
		errorMessage: entry.reason,
		requestParameters: {
			bucketName: entry.bucket,
			key: entry.key,
			versionId: entry.versionId,
		},
		additionalEventData: {
			bytesTransferredIn: entry.bytesIn,
			bytesTransferredOut: entry.bytesOut,
			route: entry.route,
			keyUses: entry.keyUses,
		},
		requestID: entry.requestId,
		readOnly: /^(Get|Head|List)/.test(name),
		resources: keyIdsOf(entry).map((id) => ({
			type: "AWS::KMS::Key",
			ARN: id,
		})),
	};
}
