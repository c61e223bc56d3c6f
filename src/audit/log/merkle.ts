/** The Merkle tree over the lines of a log, kept as its peaks: RFC 6962 section 2.1, so that tools of transparency logs read it. */
import { createHash } from "node:crypto";

const hash = (prefix: number, ...parts: readonly Uint8Array[]): Buffer => {
	const digest = createHash("sha256").update(Uint8Array.of(prefix));
	for (const part of parts) digest.update(part);
	return digest.digest();
};

/** Hash of one line, without its line feed: 32 bytes. */
export function leafHash(line: Uint8Array): Buffer {
	return hash(0, line);
}

/** Hash of the empty tree. */
const emptyRoot = createHash("sha256").digest();

/** A tree that can only grow. A value: `append` gives another. */
export interface MerkleTree {
	/** Leaves. */
	readonly size: number;
	/** Roots of the perfect subtrees, the largest first: as many as `size` has bits set. */
	readonly peaks: readonly Buffer[];
}

export const emptyTree: MerkleTree = { size: 0, peaks: [] };

/** The tree with one leaf more. */
export function append(tree: MerkleTree, leaf: Buffer): MerkleTree {
	const peaks = [...tree.peaks];
	let node = leaf;
	for (let rest = tree.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
		node = hash(1, peaks.pop() as Buffer, node);
	}
	return { size: tree.size + 1, peaks: [...peaks, node] };
}

/** 32 bytes. */
export function rootOf(tree: MerkleTree): Buffer {
	const peaks = [...tree.peaks];
	let root = peaks.pop() ?? emptyRoot;
	while (peaks.length > 0) root = hash(1, peaks.pop() as Buffer, root);
	return root;
}
