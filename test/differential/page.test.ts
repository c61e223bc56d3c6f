import { readFileSync } from "node:fs";
import t from "tap";
import { readExplained } from "./explained.ts";
import { differencesPage } from "./page.ts";

t.test("the docs have the table of what the differential test allows", (t) => {
	const page = readFileSync("docs/differences.md", "utf8");
	t.equal(page, differencesPage(readExplained()));
	t.end();
});
