/** A bar chart of one result as SVG: CPU by contender, the span between the rounds as a thin line, the bar to reach dashed. */
import type { Result } from "./measure.ts";
import { headline } from "./report.ts";

const width = 720;
const labelWidth = 190;
const lineHeight = 24;
const top = 40;

export function chart(result: Result): string {
	const { figures } = result;
	const most = Math.max(...figures.map(({ cpu }) => cpu.most));
	const x = (value: number) =>
		(labelWidth + (value / most) * (width - labelWidth - 70)).toFixed(1);
	const height = top + figures.length * lineHeight + 10;
	const bars = figures.map(({ contender, cpu }, index) => {
		const y = top + index * lineHeight;
		const fill = contender.startsWith("envelope") ? "#1f6feb" : "#8b949e";
		return [
			`<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${contender}</text>`,
			`<rect x="${labelWidth}" y="${y}" width="${(Number(x(cpu.median)) - labelWidth).toFixed(1)}" height="18" fill="${fill}"/>`,
			`<path d="M${x(cpu.least)} ${y + 9}H${x(cpu.most)}" stroke="#000"/>`,
			`<text x="${(Number(x(cpu.most)) + 6).toFixed(1)}" y="${y + 13}">${cpu.median.toFixed(2)}</text>`,
		].join("\n");
	});
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
		`<title>${headline(result)}</title>`,
		`<rect width="${width}" height="${height}" fill="#fff"/>`,
		`<text x="8" y="20" font-size="14">${headline(result)}: ${result.unit === "gib" ? "CPU-s/GiB" : "CPU-ms a request"}</text>`,
		...bars,
		...goal(result, x, height),
		"</svg>",
		"",
	].join("\n");
}

function goal(
	{ figures, bar, unit }: Result,
	x: (value: number) => string,
	height: number,
): string[] {
	const floor = figures.find(({ contender }) => contender === "nginx");
	if (bar === undefined || floor === undefined) return [];
	const least = floor.cpu.median;
	const at = x(unit === "above" ? least + bar : least * bar);
	if (Number(at) > width) return [];
	return [
		`<path d="M${at} ${top - 6}V${height - 6}" stroke="#cf222e" stroke-dasharray="4 3"/>`,
	];
}
