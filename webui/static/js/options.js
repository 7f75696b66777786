/* The options of a job on the form; what was chosen last is remembered. */
import { el } from './dom.js';
import { duration, subscripts } from './words.js';

const KEY = 'nmr-options';
const REMEMBERED = [
	'solvent',
	'preset',
	'conformer_mode',
	'max_conformers',
	'notification_email',
];
const MODES = [
	['single', 'the one of lowest energy'],
	['ensemble', 'average over all that are populated'],
	['auto', 'average if there is more than one'],
];

function remembered() {
	try {
		return JSON.parse(localStorage.getItem(KEY)) ?? {};
	} catch {
		return {};
	}
}

function remember(values) {
	try {
		localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(REMEMBERED.map(k => [k, values[k] ?? '']))));
	} catch {
		/* A browser that keeps nothing: the defaults, next time. */
	}
}

function field(label, name, control, hint) {
	control.id = `o-${name}`;
	control.name = name;
	if (hint) control.setAttribute('aria-describedby', `h-${name}`);
	return el(
		'div',
		{ class: 'field' },
		el('label', { for: control.id }, label),
		control,
		hint && el('span', { class: 'hint', id: `h-${name}` }, hint)
	);
}

function select(choices, chosen) {
	const known = choices.some(([v]) => v === chosen) ? chosen : choices[0]?.[0];
	return el(
		'select',
		{},
		choices.map(([v, text]) => el('option', { value: v, selected: v === known }, text))
	);
}

function solvents(options) {
	return (options?.solvents ?? []).map(s => [
		s.code,
		s.deuterated ? `${s.name} (${subscripts(s.deuterated)})` : s.name,
	]);
}

function usual(options, old) {
	const d = options.defaults ?? {},
		mode = d.mode;
	return {
		solvent: d.solvent,
		preset: d.preset,
		conformer_mode: mode,
		...Object.fromEntries(Object.entries(old).filter(([, v]) => v)),
	};
}

const GEOMETRY = [
	['', 'search and optimise'],
	['keep', 'keep that of the file (3D)'],
];
const COMPONENTS = [
	['', 'refuse'],
	['largest', 'compute the largest part'],
];
const PRIORITIES = [
	['', 'normal'],
	['5', 'high'],
	['-5', 'low'],
];

const SEARCHES = {
	rdkit_kdg: 'RDKit',
	crest: 'CREST (thorough; takes longer)',
};
const FREE_ENERGY = [
	['', 'electronic energies'],
	['yes', 'free energies (xTB’s RRHO)'],
];

function text(placeholder) {
	return el('input', { type: 'text', placeholder });
}

function searches(options) {
	const methods = (options.conformer_methods ?? []).map(m => [m, SEARCHES[m] ?? m]);
	return [['', 'by flexibility'], ...methods];
}

function seldom(options) {
	const fields = [
		field('Conformers searched with', 'conformer_method', select(searches(options), '')),
		field('Conformer weights from', 'free_energy', select(FREE_ENERGY, '')),
		field('Charge', 'charge', text('as drawn'), 'a whole number from −9 to 9'),
		field('Geometry', 'geometry', select(GEOMETRY, '')),
		field('Salts and mixtures', 'component', select(COMPONENTS, '')),
		field('Temperature', 'temperature', text('298.15'), 'of the conformer weights; kelvin, or “25 C”'),
		field('Priority', 'priority', select(PRIORITIES, '')),
	];
	return el(
		'details',
		{ class: 'seldom' },
		el('summary', {}, 'More options'),
		el('div', { class: 'grid' }, fields)
	);
}

/* "±0.14 ppm (1H), ±2.3 ppm (13C)", of molecules that are not in the fit. */
function errorText(error) {
	const parts = [];
	if (error?.['1H']) parts.push(`±${error['1H'].toFixed(2)} ppm (1H)`);
	if (error?.['13C']) parts.push(`±${error['13C'].toFixed(1)} ppm (13C)`);
	return parts.join(', ');
}

function costText(seconds) {
	if (!seconds) return null;
	return `about ${duration(seconds)} of one core for a molecule of 13 atoms`;
}

/* The preset with its summary, which follows the choice. */
function presetField(options, chosen) {
	const list = options.presets ?? [];
	const preset = select(
		list.map(p => [p.name, p.name]),
		chosen
	);
	const node = field('Preset', 'preset', preset, ' ');
	const tell = () => {
		const p = list.find(x => x.name === preset.value);
		const facts = [p?.summary, errorText(p?.error), costText(p?.cpu_s), p?.atoms_max && `up to ${p.atoms_max} atoms`];
		node.lastChild.textContent = facts.filter(Boolean).join('; ');
	};
	preset.addEventListener('change', tell);
	tell();
	return node;
}

function usualFields(options, now) {
	const most = el('input', { type: 'number', min: 1, max: 500, placeholder: 'as the preset says' });
	const name = el('input', { type: 'text', maxlength: 100, autocomplete: 'off' });
	const email = el('input', { type: 'email', autocomplete: 'email' });
	most.value = now.max_conformers ?? '';
	email.value = now.notification_email ?? '';
	return [
		field('Solvent', 'solvent', select(solvents(options), now.solvent)),
		presetField(options, now.preset),
		field('Conformers', 'conformer_mode', select(MODES, now.conformer_mode)),
		field('Conformers at most', 'max_conformers', most, '1 to 500'),
		field('Name', 'name', name, 'shown in the results; else the file’s or the record’s'),
		options.mail && field('E-mail', 'notification_email', email, 'for word when it is done'),
	].filter(Boolean);
}

/**
 * The fields, filled with what was chosen last or the defaults.
 * @param {any} options GET /options
 * @param {() => void} changed
 */
export function optionFields(options, changed) {
	const now = usual(options, remembered());
	const grid = el('div', { class: 'grid' }, usualFields(options, now));
	const node = el('div', { on: { change: changed } }, grid, seldom(options));
	return node;
}

/**
 * What is chosen, without what was left empty. Remembers it.
 * @param {HTMLElement} node of optionFields()
 * @returns {Record<string, any>}
 */
export function optionValues(node) {
	const values = {};
	for (const c of node.querySelectorAll('[name]')) if (c.value.trim()) values[c.name] = c.value.trim();
	remember(values);
	for (const name of ['max_conformers', 'charge', 'priority'])
		if (/^[-+]?\d+$/.test(values[name] ?? '')) values[name] = Number(values[name]);
	return values;
}

/**
 * Shows which fields the server refused.
 * @param {HTMLElement} node
 * @param {{field: string, msg: string}[]} fields
 */
export function markFields(node, fields) {
	for (const c of node.querySelectorAll('[name]')) {
		const bad = fields.some(f => f.field === c.name);
		bad ? c.setAttribute('aria-invalid', 'true') : c.removeAttribute('aria-invalid');
		if (bad) c.closest('details')?.setAttribute('open', '');
	}
}
