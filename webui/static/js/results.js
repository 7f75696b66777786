/* The results of a finished job. */
import { getJson, jobUrl } from './api.js';
import { el } from './dom.js';
import { downloads } from './downloads.js';
import { Model } from './model.js';
import { spectrum } from './spectrum.js';
import { structureFigure } from './structure.js';
import { conformerTable, searchTable, shiftTable } from './tables.js';
import { viewer } from './viewer.js';
import { number, subscripts } from './words.js';

const LOUD = 'uncalibrated';

function warnings(doc) {
	const list = doc.warnings ?? [],
		loud = list.filter(w => w.code === LOUD),
		rest = list.filter(w => w.code !== LOUD);
	return [
		loud.map(w => el('div', { class: 'box loud', role: 'note' }, el('p', {}, w.text))),
		rest.length > 0 &&
			el(
				'div',
				{ class: 'box', role: 'note' },
				el(
					'ul',
					{},
					rest.map(w => el('li', {}, w.text))
				)
			),
	];
}

function term(name, value) {
	return value !== null && value !== undefined && value !== '' && value !== false
		? [el('dt', {}, name), el('dd', {}, value)]
		: null;
}

function calibration(level, nucleus) {
	const c = level.calibration?.[nucleus];
	return c?.text && `${c.text}${Number.isFinite(c.rmsd) ? ` (rms ${number(c.lomo ?? c.rmsd, 2)} ppm, n = ${c.n})` : ''}`;
}

function facts(doc) {
	const m = doc.molecule ?? {},
		l = doc.level ?? {},
		h = l.shielding?.['1H'],
		c = l.shielding?.['13C'];
	return el(
		'dl',
		{},
		term('Formula', subscripts(m.formula)),
		term('Mass', Number.isFinite(m.mass) && `${number(m.mass, 2)} g/mol`),
		term('Charge', m.charge ? number(m.charge, 0) : null),
		term('SMILES', m.smiles && el('code', {}, m.smiles)),
		term('InChIKey', m.inchikey && el('code', {}, m.inchikey)),
		term(
			'Solvent',
			subscripts([l.solvent_name, l.deuterated && `(${l.deuterated})`].filter(Boolean).join(' '))
		),
		term('Geometry', l.geometry),
		term(h === c ? 'Shieldings' : 'Shieldings, ¹H', h),
		h !== c && term('Shieldings, ¹³C', c),
		term('Scale, ¹H', calibration(l, '1H')),
		term('Scale, ¹³C', calibration(l, '13C')),
		term(
			'Programs',
			l.programs &&
				Object.entries(l.programs)
					.map(([p, v]) => `${p} ${v}`)
					.join(', ')
		)
	);
}

function section(title, ...children) {
	return el('section', {}, el('h2', {}, title), ...children);
}

async function geometryOf(id) {
	try {
		return await getJson(`/jobs/${encodeURIComponent(id)}/geometry.json`);
	} catch {
		return null;
	}
}

function layout(job, model, spectra, space) {
	const doc = model.doc,
		drawing = structureFigure(model, jobUrl(job.id, '/structure.svg'));
	return el(
		'div',
		{},
		warnings(doc),
		section('Molecule', el('div', { class: 'intro' }, drawing, space?.node ?? facts(doc))),
		section('Spectra', ...spectra.map(s => s.node)),
		section('Shifts', el('div', { class: 'pair' }, shiftTable(model, '1H'), shiftTable(model, '13C'))),
		doc.conformers?.length > 0 && section(
				'Conformers',
				conformerTable(doc.conformers),
				doc.conformer_search?.length > 0 && searchTable(doc.conformer_search)
			),
		section('Downloads', downloads(job)),
		space && section('Level and identity', facts(doc))
	);
}

/**
 * Draws the results; the answer ends them.
 * @param {HTMLElement} place
 * @param {any} job
 * @param {() => void} failed called when they could not be loaded
 * @returns {() => void}
 */
export function showResults(place, job, failed) {
	const parts = [];
	let ended = false;
	place.replaceChildren(el('p', { class: 'loading soft' }, 'Loading the results …'));
	const draw = async () => {
		const [doc, geometry] = await Promise.all([
			getJson(`/jobs/${encodeURIComponent(job.id)}/shifts.json`),
			geometryOf(job.id),
		]);
		if (ended) return;
		const model = new Model(doc);
		const spectra = ['1H', '13C'].filter(n => model.signals[n].length).map(n => spectrum(model, n));
		const space =
			geometry && (geometry.sdf || geometry.xyz || geometry.conformers?.length)
				? viewer(geometry, model)
				: null;
		parts.push(...spectra, ...(space ? [space] : []));
		place.replaceChildren(layout(job, model, spectra, space));
		spectra.forEach(s => s.start());
	};
	draw().catch(e => {
		if (ended) return;
		place.replaceChildren(el('p', { class: 'box loud' }, `The results cannot be shown: ${e.message}`));
		failed();
	});
	return () => {
		ended = true;
		parts.forEach(p => p.end());
	};
}
