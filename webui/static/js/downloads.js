/* Everything that can be taken home. */
import { fileUrl, getText, jobUrl } from './api.js';
import { el } from './dom.js';
import { copy, toast } from './toast.js';
import { count, size } from './words.js';

/* Names that say little get a word; the order is the reader's. */
const KNOWN = {
	'report.html': 'the report, to read and to print',
	'SI.txt': 'text for the supporting information',
	'shifts.csv': 'shifts, for a spreadsheet',
	'shifts.json': 'shifts, for a program',
	'shieldings.csv': 'every nucleus of every conformer',
	'spectrum-1H.svg': '¹H spectrum, vector',
	'spectrum-1H.png': '¹H spectrum, 300 dpi',
	'spectrum-1H.jdx': '¹H spectrum, JCAMP-DX',
	'spectrum-13C.svg': '¹³C spectrum, vector',
	'spectrum-13C.png': '¹³C spectrum, 300 dpi',
	'spectrum-13C.jdx': '¹³C spectrum, JCAMP-DX',
	'nmredata.sdf': 'assigned shifts, NMReDATA',
	'structure.svg': 'the drawing, vector',
	'structure.png': 'the drawing, 300 dpi',
	'geometry.sdf': 'lowest geometry',
	'geometry.xyz': 'lowest geometry',
	'conformers.sdf': 'all geometries, with energies and populations',
	'provenance.json': 'versions, options, timings',
};
function item(url, name, text, bytes) {
	const opens = name.endsWith('.html');
	return el(
		'li',
		{},
		el(
			'a',
			{
				href: url,
				download: opens ? null : name.split('/').pop(),
				target: opens ? '_blank' : null,
				rel: opens ? 'noopener' : null,
			},
			el('bdi', {}, name)
		),
		' ',
		el('span', { class: 'soft' }, [text, size(bytes)].filter(Boolean).join(', '))
	);
}

function rank(name) {
	const at = Object.keys(KNOWN).indexOf(name);
	return at < 0 ? 99 : at;
}

async function copyText(id) {
	try {
		await copy(await getText(`/jobs/${encodeURIComponent(id)}/files/SI.txt`), 'The text');
	} catch (e) {
		toast(e.message, true);
	}
}

/**
 * @param {{id: string, files: {name: string, size: number}[]|null}} job
 */
export function downloads(job) {
	const files = (job.files ?? []).filter(f => !f.name.split('/').pop().startsWith('.'));
	const top = files.filter(f => !f.name.includes('/')).sort((a, b) => rank(a.name) - rank(b.name));
	const deep = files.filter(f => f.name.includes('/'));
	return [
		el(
			'p',
			{ class: 'buttons' },
			el(
				'a',
				{ class: 'button main', href: jobUrl(job.id, '/output'), download: true },
				'Download everything (ZIP)'
			),
			' ',
			el(
				'a',
				{ class: 'button', href: jobUrl(job.id, '/report.html'), target: '_blank', rel: 'noopener' },
				'Open the report'
			),
			' ',
			top.some(f => f.name === 'SI.txt') &&
				el('button', { type: 'button', on: { click: () => copyText(job.id) } }, 'Copy the text for the SI')
		),
		el(
			'ul',
			{ class: 'files' },
			top.map(f => item(fileUrl(job.id, f.name), f.name, KNOWN[f.name], f.size))
		),
		deep.length > 0 &&
			el(
				'details',
				{},
				el('summary', {}, `Inputs and outputs of the programs (${count(deep.length, 'file')})`),
				el(
					'ul',
					{ class: 'files' },
					deep.map(f => item(fileUrl(job.id, f.name), f.name, null, f.size))
				)
			),
	];
}
