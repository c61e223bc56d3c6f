/** docs/interop.md as the record has it. */
import { matrixOperations } from "./client.ts";
import type { Cell, Outcome, Row } from "./record.ts";

const words: Readonly<Record<Outcome, string>> = {
	pass: "pass",
	refused: "refused by design",
	fails: "**fails**",
	store: "store",
	lacks: "–",
};

const head = `# Interop: clients and stores that were tried

Generated from [interop.json](interop.json) by \`npm run test:deep\`, in which each line has the versions and the date of its last run; \`npm run test:interop\` runs a part again and fails where it disagrees. Clients and stores are the real ones, in processes of their own, on loopback. Every operation runs straight to the store first, then through Sealgate in each mode.

| Word | |
|---|---|
| pass | every byte, size and answer that the operation compares is right |
| refused by design | by the rule that the note names |
| store | it fails straight to the store too |
| **fails** | through Sealgate only: the note says what happens, and whose fault it is |
| – | the client has no such operation; the note says why |
`;

const cellText = (text: string): string =>
	text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");

/** Notes of one client, numbered in the order in which they come. */
class Notes {
	readonly #notes: string[] = [];

	word({ outcome, note }: Cell): string {
		if (note === undefined) return words[outcome];
		if (!this.#notes.includes(note)) this.#notes.push(note);
		return `${words[outcome]} [${this.#notes.indexOf(note) + 1}]`;
	}

	toString(): string {
		return this.#notes
			.map((note, index) => `${index + 1}. ${cellText(note)}`)
			.join("\n");
	}
}

function table(store: string, rows: readonly Row[], notes: Notes): string {
	const [first] = rows;
	const lines = matrixOperations.map((operation) => {
		const cells = rows.map(({ cells }) => {
			const cell = cells[operation];
			return cell === undefined ? "not run" : notes.word(cell);
		});
		return `| ${[operation, ...cells].join(" | ")} |`;
	});
	const modes = rows.map(({ mode }) => mode);
	const dates = [...new Set(rows.map(({ date }) => date))].join(", ");
	return `**${store}** ${first?.storeVersion}, ${dates}

| | ${modes.join(" | ")} |
|---|${"---|".repeat(modes.length)}
${lines.join("\n")}
`;
}

function section(client: string, rows: readonly Row[]): string {
	const notes = new Notes();
	const versions = [...new Set(rows.map((row) => row.clientVersion))];
	const stores = [...new Set(rows.map(({ store }) => store))];
	const tables = stores.map((store) =>
		table(
			store,
			rows.filter((row) => row.store === store),
			notes,
		),
	);
	return `## ${client}\n\n${versions.join(", ")}\n\n${tables.join("\n")}\n${notes}\n`;
}

function summary(rows: readonly Row[]): string {
	const clients = [...new Set(rows.map(({ client }) => client))];
	const stores = [...new Set(rows.map(({ store }) => store))];
	const line = (client: string) => {
		const counts = stores.map((store) => {
			const cells = rows
				.filter((row) => row.client === client && row.store === store)
				.filter(({ mode }) => mode !== "straight")
				.flatMap(({ cells }) => Object.values(cells))
				.filter(({ outcome }) => outcome !== "lacks");
			const count = (wanted: Outcome) =>
				cells.filter(({ outcome }) => outcome === wanted).length;
			if (cells.length === 0) return "not run";
			return `${count("pass")} / ${count("refused")} / ${count("store")} / ${count("fails")}`;
		});
		return `| ${[client, ...counts].join(" | ")} |`;
	};
	return `Cells through Sealgate, in all modes: pass / refused by design / store / fails.

| | ${stores.join(" | ")} |
|---|${"---|".repeat(stores.length)}
${clients.map(line).join("\n")}
`;
}

export function markdown(rows: readonly Row[]): string {
	const clients = [...new Set(rows.map(({ client }) => client))];
	const sections = clients.map((client) =>
		section(
			client,
			rows.filter((row) => row.client === client),
		),
	);
	return `${head}\n${summary(rows)}\n${sections.join("\n")}`;
}
