/* What the server makes of a structure before it is submitted. Drawings are shown
 * as images from blob: addresses, where nothing in them can run. */
import { postJson } from './api.js';
import { el } from './dom.js';
import { count, duration, number, subscripts } from './words.js';

const SHOWN = 20;

function drawing(record, urls) {
	if (!record.svg) return null;
	const url = URL.createObjectURL(new Blob([record.svg], { type: 'image/svg+xml' }));
	urls.push(url);
	return el('img', {
		src: url,
		alt: `Drawing of ${record.name || record.smiles || 'the molecule'}`,
		width: 220,
		height: 160,
	});
}

function accepted(record, urls) {
	const facts = [
		subscripts(record.formula),
		record.mass !== null && record.mass !== undefined && `${number(record.mass, 2)} g/mol`,
		record.natoms && count(record.natoms, 'atom'),
		record.estimate_s !== null && record.estimate_s !== undefined && `at least ${duration(record.estimate_s)}`,
	];
	return el(
		'li',
		{ class: 'card' },
		drawing(record, urls),
		el(
			'div',
			{},
			el('p', { class: 'card-name' }, el('bdi', {}, record.name || `Molecule ${record.n ?? 1}`)),
			el('p', { class: 'soft' }, facts.filter(Boolean).join(' · ')),
			(record.warnings ?? []).map(w => el('p', { class: 'box' }, w.text))
		)
	);
}

function refused(record) {
	const r = record.refusal ?? {};
	return el(
		'li',
		{ class: 'card bad' },
		el(
			'div',
			{},
			el('p', { class: 'card-name' }, el('bdi', {}, record.name || `Molecule ${record.n ?? 1}`)),
			el(
				'p',
				{ class: 'box loud' },
				[r.what, r.why, r.remedy].filter(Boolean).join(' ') || 'It cannot be used.'
			)
		)
	);
}

/**
 * @typedef {{records: any[], error: string|null}} Check
 */

/**
 * Asks the server.
 * @param {object} body {smiles} or {structure, filename}; preset
 * @param {AbortSignal} signal
 * @returns {Promise<Check>}
 */
export async function check(body, signal) {
	try {
		const answer = await postJson('/check', body, signal);
		const whole = !answer.ok && !answer.records?.length ? [{ n: 1, ok: false, refusal: answer.refusal }] : [];
		return { records: answer.records?.length ? answer.records : whole, error: null };
	} catch (e) {
		if (e.name === 'AbortError') throw e;
		return { records: [], error: e.message };
	}
}

/** A list of checked molecules that gives its drawings back when it changes. */
export class Preview {
	constructor() {
		this.node = el('ul', { class: 'cards', 'aria-label': 'Molecules to submit' });
		this.urls = [];
	}

	/** @param {any[]} records */
	show(records) {
		this.clear();
		this.node.append(...records.slice(0, SHOWN).map(r => (r.ok ? accepted(r, this.urls) : refused(r))));
	}

	clear() {
		this.node.replaceChildren();
		this.urls.forEach(u => URL.revokeObjectURL(u));
		this.urls = [];
	}
}

/**
 * Totals of checked records, in words.
 * @param {any[]} records
 */
export function summary(records) {
	const good = records.filter(r => r.ok),
		bad = records.length - good.length;
	const known = good.filter(r => Number.isFinite(r.estimate_s));
	const seconds = known.reduce((s, r) => s + r.estimate_s, 0);
	const time =
		known.length &&
		`at least ${duration(seconds)} of computing, more for flexible molecules`;
	return [good.length && count(good.length, 'molecule'), bad && `${bad} refused`, time]
		.filter(Boolean)
		.join(' · ');
}
