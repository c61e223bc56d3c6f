/**
 * The operations of S3, in the order in which they are matched: what tells one request from another, and what its
 * body is. 116 of Amazon's service model of August 2026, and the two that it leaves out: PostObject and the preflight.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

export type Level = "service" | "bucket" | "object";
export type Payload = "none" | "xml" | "text" | "blob" | "form" | "eventstream";

interface Facts {
	/** Parameters that must be there: `acl`, or `list-type=2` where the value counts. */
	readonly query?: readonly string[];
	readonly headers?: readonly string[];
	/** Parameters and headers that make it another operation. */
	readonly withoutQuery?: readonly string[];
	readonly withoutHeaders?: readonly string[];
	/** Further parameters that belong to it. */
	readonly optionalQuery?: readonly string[];
	/** Whether any parameter belongs to it: a preflight asks about a whole URL. */
	readonly anyQuery?: true;
	readonly request?: Payload;
	readonly response?: Payload;
	/** The bytes of an object in the request, and in the response. Not so the text of an annotation. */
	readonly carriesObjectData?: true;
	readonly returnsObjectData?: true;
	/** Whether S3 refuses the document without Content-MD5 or a checksum. */
	readonly checksumRequired?: true;
	/** `x-amz-server-side-encryption` and its companions. */
	readonly acceptsSse?: true;
	/** The triple of a customer's key, and that of a copy source. */
	readonly acceptsSseC?: true;
	readonly acceptsCopySourceSseC?: true;
	/** Told by the host name, never by the path: not reachable in path style. */
	readonly byHost?: true;
	/** An older name of the same request; the other one is what is recognised. */
	readonly aliasOf?: string;
}

// biome-ignore format: one line an operation
const table = {
	UploadPartCopy: ["PUT", "object", { query: ["partNumber", "uploadId"], headers: ["x-amz-copy-source"], response: "xml", acceptsSseC: true, acceptsCopySourceSseC: true }],
	DeleteBucketAnalyticsConfiguration: ["DELETE", "bucket", { query: ["analytics", "id"] }],
	DeleteBucketIntelligentTieringConfiguration: ["DELETE", "bucket", { query: ["intelligent-tiering", "id"] }],
	DeleteBucketInventoryConfiguration: ["DELETE", "bucket", { query: ["inventory", "id"] }],
	DeleteBucketMetricsConfiguration: ["DELETE", "bucket", { query: ["metrics", "id"] }],
	DeleteObjectAnnotation: ["DELETE", "object", { query: ["annotation", "annotationName"], optionalQuery: ["versionId"] }],
	GetBucketAnalyticsConfiguration: ["GET", "bucket", { query: ["analytics", "id"], response: "xml" }],
	GetBucketIntelligentTieringConfiguration: ["GET", "bucket", { query: ["intelligent-tiering", "id"], response: "xml" }],
	GetBucketInventoryConfiguration: ["GET", "bucket", { query: ["inventory", "id"], response: "xml" }],
	GetBucketMetricsConfiguration: ["GET", "bucket", { query: ["metrics", "id"], response: "xml" }],
	GetObjectAnnotation: ["GET", "object", { query: ["annotation", "annotationName"], optionalQuery: ["versionId"], response: "blob" }],
	PutBucketAnalyticsConfiguration: ["PUT", "bucket", { query: ["analytics", "id"], request: "xml" }],
	PutBucketIntelligentTieringConfiguration: ["PUT", "bucket", { query: ["intelligent-tiering", "id"], request: "xml" }],
	PutBucketInventoryConfiguration: ["PUT", "bucket", { query: ["inventory", "id"], request: "xml" }],
	PutBucketMetricsConfiguration: ["PUT", "bucket", { query: ["metrics", "id"], request: "xml" }],
	PutObjectAnnotation: ["PUT", "object", { query: ["annotation", "annotationName"], optionalQuery: ["versionId"], request: "blob", response: "xml" }],
	SelectObjectContent: ["POST", "object", { query: ["select", "select-type=2"], request: "xml", response: "eventstream", returnsObjectData: true, acceptsSseC: true }],
	UploadPart: ["PUT", "object", { query: ["partNumber", "uploadId"], withoutHeaders: ["x-amz-copy-source"], request: "blob", carriesObjectData: true, acceptsSseC: true }],
	GetObjectAttributes: ["GET", "object", { query: ["attributes"], headers: ["x-amz-object-attributes"], optionalQuery: ["versionId"], response: "xml", acceptsSseC: true }],
	RenameObject: ["PUT", "object", { query: ["renameObject"], headers: ["x-amz-rename-source"] }],
	ListBucketAnalyticsConfigurations: ["GET", "bucket", { query: ["analytics"], withoutQuery: ["id"], optionalQuery: ["continuation-token"], response: "xml" }],
	ListBucketIntelligentTieringConfigurations: ["GET", "bucket", { query: ["intelligent-tiering"], withoutQuery: ["id"], optionalQuery: ["continuation-token"], response: "xml" }],
	ListBucketInventoryConfigurations: ["GET", "bucket", { query: ["inventory"], withoutQuery: ["id"], optionalQuery: ["continuation-token"], response: "xml" }],
	ListBucketMetricsConfigurations: ["GET", "bucket", { query: ["metrics"], withoutQuery: ["id"], optionalQuery: ["continuation-token"], response: "xml" }],
	ListObjectAnnotations: ["GET", "object", { query: ["annotation"], withoutQuery: ["annotationName"], optionalQuery: ["annotation-prefix", "continuation-token", "max-annotation-results", "versionId"], response: "xml" }],
	AbortMultipartUpload: ["DELETE", "object", { query: ["uploadId"] }],
	CompleteMultipartUpload: ["POST", "object", { query: ["uploadId"], request: "xml", response: "xml", acceptsSseC: true }],
	CreateBucketMetadataConfiguration: ["POST", "bucket", { query: ["metadataConfiguration"], request: "xml", checksumRequired: true }],
	CreateBucketMetadataTableConfiguration: ["POST", "bucket", { query: ["metadataTable"], request: "xml", checksumRequired: true }],
	CreateMultipartUpload: ["POST", "object", { query: ["uploads"], response: "xml", acceptsSse: true, acceptsSseC: true }],
	CreateSession: ["GET", "bucket", { query: ["session"], response: "xml", acceptsSse: true }],
	DeleteBucketCors: ["DELETE", "bucket", { query: ["cors"] }],
	DeleteBucketEncryption: ["DELETE", "bucket", { query: ["encryption"] }],
	DeleteBucketLifecycle: ["DELETE", "bucket", { query: ["lifecycle"] }],
	DeleteBucketMetadataConfiguration: ["DELETE", "bucket", { query: ["metadataConfiguration"] }],
	DeleteBucketMetadataTableConfiguration: ["DELETE", "bucket", { query: ["metadataTable"] }],
	DeleteBucketOwnershipControls: ["DELETE", "bucket", { query: ["ownershipControls"] }],
	DeleteBucketPolicy: ["DELETE", "bucket", { query: ["policy"] }],
	DeleteBucketReplication: ["DELETE", "bucket", { query: ["replication"] }],
	DeleteBucketTagging: ["DELETE", "bucket", { query: ["tagging"] }],
	DeleteBucketWebsite: ["DELETE", "bucket", { query: ["website"] }],
	DeleteObjectTagging: ["DELETE", "object", { query: ["tagging"], optionalQuery: ["versionId"] }],
	DeleteObjects: ["POST", "bucket", { query: ["delete"], request: "xml", response: "xml", checksumRequired: true }],
	DeletePublicAccessBlock: ["DELETE", "bucket", { query: ["publicAccessBlock"] }],
	GetBucketAbac: ["GET", "bucket", { query: ["abac"], response: "xml" }],
	GetBucketAccelerateConfiguration: ["GET", "bucket", { query: ["accelerate"], response: "xml" }],
	GetBucketAcl: ["GET", "bucket", { query: ["acl"], response: "xml" }],
	GetBucketCors: ["GET", "bucket", { query: ["cors"], response: "xml" }],
	GetBucketEncryption: ["GET", "bucket", { query: ["encryption"], response: "xml" }],
	GetBucketLifecycleConfiguration: ["GET", "bucket", { query: ["lifecycle"], response: "xml" }],
	GetBucketLocation: ["GET", "bucket", { query: ["location"], response: "xml" }],
	GetBucketLogging: ["GET", "bucket", { query: ["logging"], response: "xml" }],
	GetBucketMetadataConfiguration: ["GET", "bucket", { query: ["metadataConfiguration"], response: "xml" }],
	GetBucketMetadataTableConfiguration: ["GET", "bucket", { query: ["metadataTable"], response: "xml" }],
	GetBucketNotificationConfiguration: ["GET", "bucket", { query: ["notification"], response: "xml" }],
	GetBucketOwnershipControls: ["GET", "bucket", { query: ["ownershipControls"], response: "xml" }],
	GetBucketPolicy: ["GET", "bucket", { query: ["policy"], response: "text" }],
	GetBucketPolicyStatus: ["GET", "bucket", { query: ["policyStatus"], response: "xml" }],
	GetBucketReplication: ["GET", "bucket", { query: ["replication"], response: "xml" }],
	GetBucketRequestPayment: ["GET", "bucket", { query: ["requestPayment"], response: "xml" }],
	GetBucketTagging: ["GET", "bucket", { query: ["tagging"], response: "xml" }],
	GetBucketVersioning: ["GET", "bucket", { query: ["versioning"], response: "xml" }],
	GetBucketWebsite: ["GET", "bucket", { query: ["website"], response: "xml" }],
	GetObjectAcl: ["GET", "object", { query: ["acl"], optionalQuery: ["versionId"], response: "xml" }],
	GetObjectLegalHold: ["GET", "object", { query: ["legal-hold"], optionalQuery: ["versionId"], response: "xml" }],
	GetObjectLockConfiguration: ["GET", "bucket", { query: ["object-lock"], response: "xml" }],
	GetObjectRetention: ["GET", "object", { query: ["retention"], optionalQuery: ["versionId"], response: "xml" }],
	GetObjectTagging: ["GET", "object", { query: ["tagging"], optionalQuery: ["versionId"], response: "xml" }],
	GetObjectTorrent: ["GET", "object", { query: ["torrent"], response: "blob", returnsObjectData: true }],
	GetPublicAccessBlock: ["GET", "bucket", { query: ["publicAccessBlock"], response: "xml" }],
	ListMultipartUploads: ["GET", "bucket", { query: ["uploads"], optionalQuery: ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"], response: "xml" }],
	ListObjectVersions: ["GET", "bucket", { query: ["versions"], optionalQuery: ["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"], response: "xml" }],
	ListObjectsV2: ["GET", "bucket", { query: ["list-type=2"], optionalQuery: ["continuation-token", "delimiter", "encoding-type", "fetch-owner", "max-keys", "prefix", "start-after"], response: "xml" }],
	ListParts: ["GET", "object", { query: ["uploadId"], optionalQuery: ["max-parts", "part-number-marker"], response: "xml", acceptsSseC: true }],
	PutBucketAbac: ["PUT", "bucket", { query: ["abac"], request: "xml" }],
	PutBucketAccelerateConfiguration: ["PUT", "bucket", { query: ["accelerate"], request: "xml" }],
	PutBucketAcl: ["PUT", "bucket", { query: ["acl"], request: "xml", checksumRequired: true }],
	PutBucketCors: ["PUT", "bucket", { query: ["cors"], request: "xml", checksumRequired: true }],
	PutBucketEncryption: ["PUT", "bucket", { query: ["encryption"], request: "xml", checksumRequired: true }],
	PutBucketLifecycleConfiguration: ["PUT", "bucket", { query: ["lifecycle"], request: "xml", checksumRequired: true }],
	PutBucketLogging: ["PUT", "bucket", { query: ["logging"], request: "xml", checksumRequired: true }],
	PutBucketNotificationConfiguration: ["PUT", "bucket", { query: ["notification"], request: "xml" }],
	PutBucketOwnershipControls: ["PUT", "bucket", { query: ["ownershipControls"], request: "xml", checksumRequired: true }],
	PutBucketPolicy: ["PUT", "bucket", { query: ["policy"], request: "text", checksumRequired: true }],
	PutBucketReplication: ["PUT", "bucket", { query: ["replication"], request: "xml", checksumRequired: true }],
	PutBucketRequestPayment: ["PUT", "bucket", { query: ["requestPayment"], request: "xml", checksumRequired: true }],
	PutBucketTagging: ["PUT", "bucket", { query: ["tagging"], request: "xml", checksumRequired: true }],
	PutBucketVersioning: ["PUT", "bucket", { query: ["versioning"], request: "xml", checksumRequired: true }],
	PutBucketWebsite: ["PUT", "bucket", { query: ["website"], request: "xml", checksumRequired: true }],
	PutObjectAcl: ["PUT", "object", { query: ["acl"], optionalQuery: ["versionId"], request: "xml", checksumRequired: true }],
	PutObjectLegalHold: ["PUT", "object", { query: ["legal-hold"], optionalQuery: ["versionId"], request: "xml", checksumRequired: true }],
	PutObjectLockConfiguration: ["PUT", "bucket", { query: ["object-lock"], request: "xml", checksumRequired: true }],
	PutObjectRetention: ["PUT", "object", { query: ["retention"], optionalQuery: ["versionId"], request: "xml", checksumRequired: true }],
	PutObjectTagging: ["PUT", "object", { query: ["tagging"], optionalQuery: ["versionId"], request: "xml", checksumRequired: true }],
	PutPublicAccessBlock: ["PUT", "bucket", { query: ["publicAccessBlock"], request: "xml", checksumRequired: true }],
	RestoreObject: ["POST", "object", { query: ["restore"], optionalQuery: ["versionId"], request: "xml" }],
	UpdateBucketMetadataAnnotationTableConfiguration: ["PUT", "bucket", { query: ["metadataAnnotationTable"], request: "xml", checksumRequired: true }],
	UpdateBucketMetadataInventoryTableConfiguration: ["PUT", "bucket", { query: ["metadataInventoryTable"], request: "xml", checksumRequired: true }],
	UpdateBucketMetadataJournalTableConfiguration: ["PUT", "bucket", { query: ["metadataJournalTable"], request: "xml", checksumRequired: true }],
	UpdateObjectEncryption: ["PUT", "object", { query: ["encryption"], optionalQuery: ["versionId"], request: "xml", checksumRequired: true }],
	GetBucketLifecycle: ["GET", "bucket", { query: ["lifecycle"], response: "xml", aliasOf: "GetBucketLifecycleConfiguration" }],
	GetBucketNotification: ["GET", "bucket", { query: ["notification"], response: "xml", aliasOf: "GetBucketNotificationConfiguration" }],
	PutBucketLifecycle: ["PUT", "bucket", { query: ["lifecycle"], request: "xml", checksumRequired: true, aliasOf: "PutBucketLifecycleConfiguration" }],
	PutBucketNotification: ["PUT", "bucket", { query: ["notification"], request: "xml", checksumRequired: true, aliasOf: "PutBucketNotificationConfiguration" }],
	OptionsPreflight: ["OPTIONS", "object", { headers: ["origin", "access-control-request-method"], anyQuery: true }],
	WriteGetObjectResponse: ["POST", "service", { headers: ["x-amz-request-route", "x-amz-request-token"], request: "blob", carriesObjectData: true, byHost: true }],
	CopyObject: ["PUT", "object", { headers: ["x-amz-copy-source"], withoutQuery: ["uploadId", "partNumber"], response: "xml", acceptsSse: true, acceptsSseC: true, acceptsCopySourceSseC: true }],
	PostObject: ["POST", "bucket", { withoutQuery: ["delete", "metadataConfiguration", "metadataTable"], request: "form", response: "xml", carriesObjectData: true }],
	DeleteObject: ["DELETE", "object", { withoutQuery: ["uploadId"], optionalQuery: ["versionId"] }],
	GetObject: ["GET", "object", { withoutQuery: ["uploadId"], optionalQuery: ["partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires", "versionId"], response: "blob", returnsObjectData: true, acceptsSseC: true }],
	ListObjects: ["GET", "bucket", { withoutQuery: ["list-type"], optionalQuery: ["delimiter", "encoding-type", "marker", "max-keys", "prefix"], response: "xml" }],
	PutObject: ["PUT", "object", { withoutQuery: ["uploadId"], withoutHeaders: ["x-amz-copy-source"], request: "blob", carriesObjectData: true, acceptsSse: true, acceptsSseC: true }],
	CreateBucket: ["PUT", "bucket", { request: "xml" }],
	DeleteBucket: ["DELETE", "bucket", {}],
	HeadBucket: ["HEAD", "bucket", {}],
	HeadObject: ["HEAD", "object", { optionalQuery: ["partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires", "versionId"], acceptsSseC: true }],
	ListBuckets: ["GET", "service", { optionalQuery: ["bucket-region", "continuation-token", "max-buckets", "prefix"], response: "xml" }],
	ListDirectoryBuckets: ["GET", "service", { optionalQuery: ["continuation-token", "max-directory-buckets"], response: "xml", byHost: true }],
} as const satisfies Record<string, readonly [string, Level, Facts]>;

export type OperationName = keyof typeof table;

export interface OperationRow {
	readonly name: OperationName;
	readonly method: string;
	readonly level: Level;
	readonly query: readonly string[];
	readonly headers: readonly string[];
	readonly withoutQuery: readonly string[];
	readonly withoutHeaders: readonly string[];
	readonly optionalQuery: readonly string[];
	readonly anyQuery: boolean;
	readonly request: Payload;
	readonly response: Payload;
	readonly carriesObjectData: boolean;
	readonly returnsObjectData: boolean;
	readonly checksumRequired: boolean;
	readonly acceptsSse: boolean;
	readonly acceptsSseC: boolean;
	readonly acceptsCopySourceSseC: boolean;
	readonly byHost: boolean;
	readonly aliasOf: string | undefined;
}

/** In match order: the first row that fits is the operation. */
export const operations: readonly OperationRow[] = Object.entries(table).map(
	([name, [method, level, facts]]: [
		string,
		readonly [string, Level, Facts],
	]) => ({
		name: name as OperationName,
		method,
		level,
		query: facts.query ?? [],
		headers: facts.headers ?? [],
		withoutQuery: facts.withoutQuery ?? [],
		withoutHeaders: facts.withoutHeaders ?? [],
		optionalQuery: facts.optionalQuery ?? [],
		anyQuery: facts.anyQuery ?? false,
		request: facts.request ?? "none",
		response: facts.response ?? "none",
		carriesObjectData: facts.carriesObjectData ?? false,
		returnsObjectData: facts.returnsObjectData ?? false,
		checksumRequired: facts.checksumRequired ?? false,
		acceptsSse: facts.acceptsSse ?? false,
		acceptsSseC: facts.acceptsSseC ?? false,
		acceptsCopySourceSseC: facts.acceptsCopySourceSseC ?? false,
		byHost: facts.byHost ?? false,
		aliasOf: facts.aliasOf,
	}),
);

export const operationNames = Object.keys(table) as OperationName[];

const rows = new Map(operations.map((row) => [row.name, row]));

export function operationRow(name: OperationName): OperationRow {
	return rows.get(name) as OperationRow;
}
