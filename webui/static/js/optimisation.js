/* The optimisations of a job: a curve of the energy for each conformer, live. */
import { getJson } from './api.js';
import { el, part, svg, throttled } from './dom.js';
import { count } from './words.js';

const KCAL = 627.5095,
	WIDTH = 320,
	HEIGHT = 96,
	EDGE = { left: 44, right: 10, top: 8, bottom: 22 },
	REFRESH_MS = 4000;

/* Energies above the last one, kcal/mol. */
function energies(steps) {
	const last = steps.at(-1).energy_hartree;
	return steps.map(s => (s.energy_hartree - last) * KCAL);
}

function words(o, goal) {
	if (!o.steps.length) return o.state === 'running' ? 'The first energy is being calculated.' : 'No step was made.';
	const last = o.steps.at(-1),
		gained = energies(o.steps)[0];
	const fall = gained > 0.005 ? `, ${gained.toFixed(2)} kcal/mol below the start` : '';
	const gradient = `largest gradient ${last.gmax.toFixed(5)}`;
	return o.state === 'running'
		? `Step ${last.step}${fall}; ${gradient}, done below ${goal.toFixed(5)}.`
		: `${count(last.step, 'step')}${fall}; ${gradient}.`;
}

function label(x, y, anchor, text) {
	return svg('text', { x, y, 'text-anchor': anchor, class: 'tick' }, text);
}

function graph(o) {
	const e = energies(o.steps),
		n = o.steps.length,
		hi = Math.max(0.01, ...e),
		lo = Math.min(0, ...e),
		bottom = HEIGHT - EDGE.bottom;
	const x = i => EDGE.left + ((WIDTH - EDGE.left - EDGE.right) * i) / Math.max(1, n - 1),
		y = v => bottom - ((bottom - EDGE.top) * (v - lo)) / (hi - lo);
	const digits = hi < 0.1 ? 3 : hi < 10 ? 2 : 0;
	return svg(
		'svg',
		{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'optimisation', role: 'img', 'aria-label': `Energy of ${n} steps` },
		svg('path', { d: `M${EDGE.left} ${EDGE.top}V${bottom}H${WIDTH - EDGE.right}`, class: 'axis' }),
		label(EDGE.left - 5, EDGE.top + 8, 'end', hi.toFixed(digits)),
		label(EDGE.left - 5, y(0), 'end', '0'),
		label(EDGE.left, HEIGHT - 6, 'middle', o.steps[0].step),
		n > 1 && label(WIDTH - EDGE.right, HEIGHT - 6, 'middle', o.steps.at(-1).step),
		svg('polyline', { points: e.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(' '), class: 'curve' }),
		e.map((v, i) => svg('circle', { cx: x(i).toFixed(1), cy: y(v).toFixed(1), r: 2.2, class: 'point' }))
	);
}

function figure({ o, goal }) {
	return el(
		'figure',
		{},
		el('figcaption', {}, el('b', {}, o.label), ' ', el('span', { class: 'soft' }, words(o, goal))),
		o.steps.length > 1 && graph(o)
	);
}

function draw(data) {
	if (!data.optimisations.length) return null;
	return el(
		'details',
		{ open: data.open },
		el('summary', {}, 'Optimisation of the geometry'),
		el('p', { class: 'hint' }, 'Energy in kcal/mol above the last step, by step.'),
		el(
			'div',
			{ class: 'optimisations' },
			data.optimisations.map(o => figure({ o, goal: data.gmax_goal }))
		)
	);
}

/**
 * Lives with the page of a job; update() with every change of it.
 * @param {string} id
 */
export function optimisationPart(id) {
	const node = el('div');
	const show = part(node, draw);
	let over = false,
		wanted = null,
		open = true;
	const load = async () => {
		const running = wanted;
		try {
			const data = await getJson(`/jobs/${encodeURIComponent(id)}/optimisation`);
			if (over) return;
			open = node.querySelector('details')?.open ?? running;
			show({ ...data, open });
		} catch {
			/* Asked again with the next change. */
			wanted = null;
		}
	};
	const soon = throttled(load, REFRESH_MS);
	return {
		node,
		/** @param {{state: string, steps: any[]}} job */
		update(job) {
			if (!job.steps.some(s => s.kind === 'optimise')) return;
			const running = job.state === 'running';
			if (!running && wanted === false) return;
			wanted = running;
			soon();
		},
		end() {
			over = true;
			soon.stop();
		},
	};
}
