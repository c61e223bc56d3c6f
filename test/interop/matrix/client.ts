/** What a client of the matrix is: how it is installed, what it does at a place, and what it cannot do, with the reason. */

/** Every operation of the matrix, in the order of its tables. */
export const matrixOperations = [
	"put",
	"get",
	"sync",
	"multipart",
	"ranges",
	"resumed uploads",
	"listings with sizes",
	"copy",
	"rename",
	"presigned",
	"conditional writes",
	"checksums",
	"tags",
	"versions",
	"delete",
] as const;

export type MatrixOperation = (typeof matrixOperations)[number];

/** Where a client works: a store itself, or a gateway in front of one. */
export interface Place {
	/** Scheme, host and port. */
	endpoint: string;
	region: string;
	accessKeyId: string;
	secretAccessKey: string;
	/** Exists, and is shared with other operations: keys must not collide. */
	bucket: string;
	/** CA of the endpoint, where `tls`. */
	caFile?: string;
	/** Empty folder for this one run of an operation. */
	scratch: string;
	/** Whether the endpoint is https. */
	tls: boolean;
}

/** Every operation is in `operations` or in `lacks`, never in both: `undecided` tells. */
export interface MatrixClient {
	name: string;
	/** Installs the pinned version, once for a machine. @returns the version */
	install(): Promise<string>;
	/** Each compares bytes and sizes itself. Throws on failure, with what happened in the message. */
	operations: Partial<Record<MatrixOperation, (place: Place) => Promise<void>>>;
	/** Why the client cannot, in a sentence. */
	lacks: Partial<Record<MatrixOperation, string>>;
}

/** @returns the operations of which a client says nothing, or both */
export function undecided(client: MatrixClient): MatrixOperation[] {
	return matrixOperations.filter(
		(operation) =>
			(client.operations[operation] === undefined) ===
			(client.lacks[operation] === undefined),
	);
}
