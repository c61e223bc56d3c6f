/** What a client of the matrix is to the runner. */

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

/** Where a client works: a gateway, or a store itself. */
export interface Place {
	readonly endpoint: string;
	readonly region: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Exists. */
	readonly bucket: string;
	/** The CA of the endpoint, where it speaks TLS. */
	readonly caFile?: string;
	/** An empty folder for the client's files. */
	readonly scratch: string;
	readonly tls: boolean;
}

export interface MatrixClient {
	readonly name: string;
	/** @returns its version */
	install(): Promise<string>;
	/** Each throws where the client fails, or where its answers are wrong. */
	readonly operations: Partial<
		Record<MatrixOperation, (place: Place) => Promise<void>>
	>;
	/** What it cannot, and why. */
	readonly lacks: Partial<Record<MatrixOperation, string>>;
}

/** @returns the operations of which a client says nothing, or two things */
export function undecided(client: MatrixClient): MatrixOperation[] {
	return matrixOperations.filter(
		(operation) =>
			(client.operations[operation] === undefined) ===
			(client.lacks[operation] === undefined),
	);
}
