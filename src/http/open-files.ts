/** How many connections the operating system leaves room for. */

/** Each request may need a second socket, towards the store. */
const filesPerConnection = 2;

/** @returns the most connections that leave half of the open files that the process may have; infinite where unknown */
export function mostConnections(): number {
	const { soft } = readReport().userLimits?.open_files ?? {};
	return typeof soft === "number"
		? Math.floor(soft / filesPerConnection)
		: Number.POSITIVE_INFINITY;
}

interface Report {
	readonly userLimits?: {
		readonly open_files?: { readonly soft: number | "unlimited" };
	};
}

/** Node's own report is the one portable way to the limits. It would look up the names of all peers, if it might. */
function readReport(): Report {
	const source = process.report as typeof process.report & {
		excludeNetwork: boolean;
	};
	const before = source.excludeNetwork;
	source.excludeNetwork = true;
	try {
		return source.getReport() as Report;
	} finally {
		source.excludeNetwork = before;
	}
}
