/* How a spectrum is painted: axis, labels, marks, colours of the theme. */
import { colour } from './dom.js';
import { number } from './words.js';

/** Height of the plot, pixels. */
export const HEIGHT = 300;
const FONT = "12px 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif";

function labelText(s) {
	return `${s.label}  ${number(s.shift, s.nucleus === '1H' ? 2 : 1)}`;
}

/* Upright labels above their lines; one that would touch its neighbour is left out
 * unless it is marked. */
function drawLabels(u, signals, keys) {
	const ctx = u.ctx,
		ratio = devicePixelRatio || 1;
	ctx.save();
	ctx.font = FONT.replace('12px', `${12 * ratio}px`);
	ctx.textBaseline = 'middle';
	const { min, max } = u.scales.x;
	const shown = signals
		.filter(s => s.shift >= min && s.shift <= max)
		.sort((p, q) => Number(keys.has(q.key)) - Number(keys.has(p.key)));
	const taken = [];
	for (const s of shown) {
		const x = u.valToPos(s.shift, 'x', true),
			y = u.bbox.top + 4 * ratio;
		if (taken.some(t => Math.abs(t - x) < 14 * ratio)) continue;
		taken.push(x);
		const marked = keys.has(s.key);
		ctx.fillStyle = ctx.strokeStyle = colour(marked ? '--loud-line' : s.exchangeable ? '--exch' : '--soft');
		ctx.save();
		ctx.translate(x, y + 70 * ratio);
		ctx.rotate(-Math.PI / 2);
		ctx.fillText(labelText(s), 0, 0);
		ctx.restore();
	}
	ctx.restore();
}

function drawMarks(u, signals, keys) {
	const ctx = u.ctx,
		ratio = devicePixelRatio || 1;
	ctx.save();
	for (const s of signals.filter(
		q => keys.has(q.key) && q.shift >= u.scales.x.min && q.shift <= u.scales.x.max
	)) {
		const x = u.valToPos(s.shift, 'x', true);
		ctx.fillStyle = colour('--mark');
		ctx.globalAlpha = 0.55;
		ctx.fillRect(x - 5 * ratio, u.bbox.top, 10 * ratio, u.bbox.height);
	}
	ctx.restore();
}

function axes() {
	const stroke = () => colour('--ink'),
		line = () => colour('--line');
	return [
		{
			stroke,
			font: FONT,
			grid: { show: false },
			ticks: { stroke, width: 1, size: 6 },
			border: { show: true, stroke, width: 1 },
			size: 30,
			label: 'δ / ppm',
			labelFont: FONT,
			labelSize: 18,
			values: (u, v) => v.map(x => String(Number(x.toFixed(3))).replace('-', '−')),
			space: 50,
		},
		{ show: false, grid: { stroke: line } },
	];
}

/**
 * What uPlot is told.
 * @param {HTMLElement} box
 * @param {import('./model.js').Signal[]} signals
 * @param {{data: any[], whole: [number, number], top: number}} data of curve()
 * @param {{keys: Set<string>, point: (u: any) => void, zoomed: () => void}} state
 */
export function plotOptions(box, signals, data, state) {
	return {
		width: box.clientWidth,
		height: HEIGHT,
		legend: { show: false },
		padding: [0, 14, 0, 14],
		scales: {
			x: { time: false, dir: -1, min: data.whole[0], max: data.whole[1] },
			y: { range: [-0.01 * data.top, data.top * 1.6] },
		},
		axes: axes(),
		series: [
			{},
			{ stroke: () => colour('--curve'), width: 1.3, points: { show: false } },
			{ stroke: () => colour('--exch'), width: 1.3, dash: [4, 3], points: { show: false }, spanGaps: false },
		],
		cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 6 } },
		hooks: {
			drawClear: [u => drawMarks(u, signals, state.keys)],
			draw: [u => drawLabels(u, signals, state.keys)],
			setCursor: [u => state.point(u)],
			setScale: [(u, key) => key === 'x' && state.zoomed()],
		},
	};
}
