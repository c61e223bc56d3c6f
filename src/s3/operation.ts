/** An S3 operation as recognised in a request. Policies read this; none of them parses a URL. */
import type { OperationName } from "./operations.ts";

export type Query = readonly (readonly [name: string, value: string])[];

export interface Operation {
	readonly name: OperationName;
	/** GET, HEAD, PUT, POST, DELETE or OPTIONS. */
	readonly method: string;
	/** Absent for operations of the service, such as ListBuckets. */
	readonly bucket: string | undefined;
	/** The object key, decoded and otherwise untouched. Absent for operations of the service and of a bucket. */
	readonly key: string | undefined;
	/** Decoded parameters in the order of arrival, without those of authentication and without `x-id`. */
	readonly query: Query;
}

/** The first value of a parameter; the empty string where it came bare. */
export function queryValue(query: Query, name: string): string | undefined {
	return query.find(([key]) => key === name)?.[1];
}
