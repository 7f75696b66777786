/* Tables of shifts and of conformers, to read and to copy. */
import { el } from './dom.js';
import { copy } from './toast.js';
import { NUCLEI, number } from './words.js';

function digits(nucleus) {
	return nucleus === '1H' ? 2 : 1;
}

function tsv(nucleus, signals) {
	const head = ['signal', 'atoms', 'type', `${nucleus} shift / ppm`, 'uncertainty / ppm', 'shielding / ppm'];
	const rows = signals.map(s => [s.label, s.atoms.join(' '), s.type, s.shift, s.uncertainty, s.shielding]);
	return `${[head, ...rows].map(r => r.map(v => v ?? '').join('\t')).join('\n')}\n`;
}

function row(model, s, firm) {
	const keys = [s.key],
		link = model.link,
		d = digits(s.nucleus);
	return el(
		'tr',
		{
			class: s.exchangeable ? 'ex' : null,
			on: {
				pointerenter: () => link.hover(keys),
				pointerleave: () => link.hover(null),
				click: () => link.keep(keys),
			},
		},
		el(
			'th',
			{ scope: 'row' },
			el(
				'button',
				{
					type: 'button',
					class: 'signal',
					'aria-pressed': 'false',
					on: { focus: () => link.hover(keys), blur: () => link.hover(null) },
				},
				s.label
			)
		),
		el('td', {}, s.type ?? '–', s.exchangeable && el('span', { class: 'tag' }, ' exchangeable')),
		el('td', {}, s.atoms.join(', ')),
		el('td', { class: 'n' }, el('b', {}, number(s.shift, d))),
		firm &&
			el(
				'td',
				{ class: 'n', title: s.uncertainty_reason },
				s.uncertainty === null ? '–' : `± ${number(s.uncertainty, d)}`
			),
		el('td', { class: 'n shielding' }, number(s.shielding, 2))
	);
}

function copyButton(nucleus, signals) {
	const name = `Copy table of ${NUCLEI[nucleus]} shifts`;
	const click = () => copy(tsv(nucleus, signals), 'The table');
	return el('button', { type: 'button', class: 'small', 'aria-label': name, on: { click } }, 'Copy table');
}

function grid(nucleus, rows, firm) {
	const head = [
		['Signal', null],
		['Type', null],
		['Atoms', null],
		['δ / ppm', 'n'],
		firm && ['Uncertainty', 'n'],
		['Shielding', 'n shielding'],
	];
	return el(
		'table',
		{ class: 'shifts' },
		el('caption', { class: 'quiet' }, `Predicted ${NUCLEI[nucleus]} shifts`),
		el(
			'thead',
			{},
			el(
				'tr',
				{},
				head.filter(Boolean).map(([t, c]) => el('th', { scope: 'col', class: c }, t))
			)
		),
		el('tbody', {}, rows)
	);
}

/**
 * @param {import('./model.js').Model} model
 * @param {'1H'|'13C'} nucleus
 */
export function shiftTable(model, nucleus) {
	const signals = model.signals[nucleus];
	if (!signals.length)
		return el(
			'div',
			{},
			el('h3', {}, `${NUCLEI[nucleus]} shifts`),
			el('p', { class: 'soft' }, 'None in this molecule.')
		);
	const firm = signals.some(s => s.uncertainty !== null),
		rows = signals.map(s => row(model, s, firm));
	model.link.watch(keys =>
		signals.forEach((s, i) => {
			rows[i].classList.toggle('marked', keys.has(s.key));
			rows[i]
				.querySelector('button')
				.setAttribute('aria-pressed', String(model.link.kept?.has(s.key) ?? false));
		})
	);
	return el(
		'div',
		{},
		el('div', { class: 'table-head' }, el('h3', {}, `${NUCLEI[nucleus]} shifts`), copyButton(nucleus, signals)),
		el('div', { class: 'scroll', tabindex: 0, role: 'group' }, grid(nucleus, rows, firm))
	);
}

const SEARCH_STAGES = {
	conformers: 'Search',
	rank: 'Ranked',
	screen: 'Compared by single points',
	optimise: 'Optimised',
	weigh: 'Weighed',
	shield: 'Shieldings',
};
const STATES = {
	done: 'done',
	complete: 'done',
	running: 'running',
	failed: 'failed',
	skipped: 'left out',
	ready: 'waiting',
	pending: 'waiting',
};

/**
 * Conformers, of a finished job or of one under way.
 * @param {{id: number|string, energy_kcal: number|null, population: number|null, degeneracy?: number, status?: string, gibbs_kcal?: number|null}[]} list
 */
export function conformerTable(list) {
	const status = list.some(c => c.status),
		free = list.some(c => Number.isFinite(c.gibbs_kcal)),
		degeneracy = list.some(c => c.degeneracy !== undefined && c.degeneracy !== null);
	return el(
		'div',
		{ class: 'scroll', tabindex: 0, role: 'group' },
		el(
			'table',
			{},
			el('caption', { class: 'quiet' }, 'Conformers'),
			el(
				'thead',
				{},
				el(
					'tr',
					{},
					el('th', { scope: 'col' }, 'Conformer'),
					status && el('th', { scope: 'col' }, 'State'),
					el('th', { scope: 'col', class: 'n' }, `${free ? 'Free energy' : 'Energy'}, kcal/mol`),
					el('th', { scope: 'col' }, 'Population'),
					degeneracy && el('th', { scope: 'col', class: 'n' }, 'Degeneracy')
				)
			),
			el(
				'tbody',
				{},
				list.map(c =>
					el(
						'tr',
						{},
						el('th', { scope: 'row' }, c.id),
						status && el('td', {}, STATES[c.status] ?? c.status ?? '–'),
						el('td', { class: 'n' }, number(c.energy_kcal, 2)),
						el('td', { class: 'nowrap' }, population(c.population)),
						degeneracy && el('td', { class: 'n' }, number(c.degeneracy, Number.isInteger(c.degeneracy) ? 0 : 2))
					)
				)
			)
		)
	);
}

const LOSSES = {
	failed: 'could not be computed',
	changed: 'were no longer the molecule',
	merged: 'were the same as another',
	cut: 'were cut',
};

function leftOut(s) {
	const words = Object.entries(LOSSES)
		.filter(([k]) => s[k] > 0)
		.map(([k, text]) => `${s[k]} ${text}`)
		.join(', ');
	const few = s.number_lost >= 0.0005 ? `; ${number(100 * s.number_lost, 1)} % of the geometries` : '';
	const lost = s.population_lost >= 0.0005 ? `; about ${number(100 * s.population_lost, 1)} % of the population` : '';
	return words + few + lost || '–';
}

/**
 * How the conformers were chosen, stage by stage.
 * @param {any[]} list conformer_search of the result
 */
export function searchTable(list) {
	const heads = [['Stage'], ['With'], ['Came', 'n'], ['Left', 'n'], ['Left out']];
	return el(
		'div',
		{ class: 'scroll', tabindex: 0, role: 'group' },
		el(
			'table',
			{},
			el('caption', { class: 'quiet' }, 'How they were chosen'),
			el('thead', {}, el('tr', {}, heads.map(([text, c]) => el('th', { scope: 'col', class: c }, text)))),
			el(
				'tbody',
				{},
				list.map(s =>
					el(
						'tr',
						{},
						el('th', { scope: 'row' }, SEARCH_STAGES[s.stage] ?? s.stage),
						el('td', {}, s.level),
						el('td', { class: 'n' }, s.in),
						el('td', { class: 'n' }, s.out),
						el('td', {}, leftOut(s))
					)
				)
			)
		)
	);
}

function population(p) {
	if (p === null || p === undefined) return '–';
	return [el('meter', { min: 0, max: 1, value: p, 'aria-hidden': 'true' }), `${number(100 * p, 1)} %`];
}
