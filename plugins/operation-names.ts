/** Operations as options name them. */
import {
	type OperationName,
	operationNames,
	operationRow,
	z,
} from "../src/index.ts";

/** An older name means the operation as it is recognised today: a rule for PutBucketLifecycle must not stay idle. */
export const operationName = z
	.enum(operationNames as [OperationName, ...OperationName[]])
	.transform((name) => (operationRow(name).aliasOf ?? name) as OperationName);
