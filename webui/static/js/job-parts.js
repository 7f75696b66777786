/* The parts of a job's page, each drawn from the job alone. */
import { command } from './command.js';
import { el, setText } from './dom.js';
import { stageTrack, stepTable } from './steps.js';
import { conformerTable } from './tables.js';
import { copy } from './toast.js';
import { STATES, left, moment, percent, took } from './words.js';

const ENDED = new Set(['done', 'failed', 'cancelled']);

/**
 * State and facts in one line.
 * @param {any} job
 */
export function lead(job) {
	return [
		el('span', { class: `s-${job.state in STATES ? job.state : 'other'}` }, STATES[job.state] ?? job.state),
		[
			job.preset && `preset ${job.preset}`,
			job.solvent && `solvent ${job.solvent}`,
			`submitted ${moment(job.created)}`,
			took(job),
		]
			.filter(Boolean)
			.map(t => ` · ${t}`),
	];
}

/**
 * A batch: how far its jobs are, and where they stand.
 * @param {any} batch
 */
export function batchPart(batch) {
	const waits = batch.unmade ? `; ${batch.unmade} are still being read` : '';
	const counts = Object.entries(batch.counts).filter(([, n]) => n > 0);
	return [
		el('p', { class: 'lead' }, `A file with ${batch.total} molecules, a job for each${waits}.`),
		el(
			'dl',
			{},
			counts.map(([state, n]) => [el('dt', {}, STATES[state] ?? state), el('dd', {}, n)])
		),
		el(
			'p',
			{},
			el('a', { class: 'button main', href: `/?batch=${encodeURIComponent(batch.id)}` }, 'Show its jobs')
		),
	];
}

/**
 * What is wrong and what to do about it.
 * @param {any} job
 */
export function trouble(job) {
	const reason = job.reason || job.error_message,
		loud = job.state === 'failed',
		lead = { failed: 'It failed. ', held: 'Held. ' }[job.state];
	const box = (children, bad) =>
		el('div', { class: bad ? 'box loud' : 'box', role: bad ? 'alert' : 'note' }, children);
	const remedy = job.remedy && el('p', {}, el('b', {}, 'What to do: '), job.remedy);
	const told = job.state !== 'done' && (reason || remedy);
	return [
		told && box([el('p', {}, lead && el('b', {}, lead), reason), remedy], loud),
		job.warning && box(el('p', {}, job.warning), false),
	];
}

/**
 * The bar stays; only its values change.
 * @param {HTMLElement} node
 */
export function progressPart(node) {
	const bar = el('progress', { max: 100, 'aria-label': 'Progress of the job' }),
		share = el('b'),
		rest = el('span', { class: 'soft' }),
		detail = el('p', { class: 'detail' });
	node.append(el('p', { class: 'bar sans' }, bar, share, ' ', rest), detail);
	return job => {
		const p = percent(job);
		node.hidden = ENDED.has(job.state) || p === null;
		bar.value = p ?? 0;
		setText(share, `${p ?? 0} %`);
		setText(rest, job.state === 'running' ? left(job.left_s ?? job.eta_seconds) : '');
		setText(detail, job.detail || '\u00a0');
	};
}

function origin(o) {
	return o.origin === 'default' ? el('span', { class: 'soft' }, 'default') : o.origin;
}

function optionTable(options) {
	return el(
		'div',
		{ class: 'scroll', tabindex: 0, role: 'group' },
		el(
			'table',
			{},
			el('caption', { class: 'quiet' }, 'Options'),
			el(
				'thead',
				{},
				el(
					'tr',
					{},
					['Option', 'Value', 'From'].map(t => el('th', { scope: 'col' }, t))
				)
			),
			el(
				'tbody',
				{},
				Object.entries(options)
					.filter(([, o]) => o && o.value !== '')
					.map(([name, o]) =>
						el(
							'tr',
							{},
							el('th', { scope: 'row' }, name.replaceAll('_', ' ')),
							el('td', {}, o.value),
							el('td', {}, origin(o))
						)
					)
			)
		)
	);
}

/**
 * Options, where each came from, and the command that repeats it.
 * @param {any} job
 */
export function asked(job) {
	const text = command(job);
	return [
		el('h2', {}, 'What was asked for'),
		el(
			'dl',
			{},
			job.source && [
				el('dt', {}, 'Source'),
				el('dd', {}, el('bdi', {}, job.source), job.record && `, record ${job.record}`),
			],
			job.input_smiles && [el('dt', {}, 'SMILES'), el('dd', {}, el('code', {}, job.input_smiles))],
			job.batch && [
				el('dt', {}, 'Batch'),
				el('dd', {}, el('a', { href: `/jobs/${encodeURIComponent(job.batch)}` }, job.batch)),
			],
			job.owner && [el('dt', {}, 'Owner'), el('dd', {}, job.owner)],
			[el('dt', {}, 'Job'), el('dd', {}, el('code', {}, job.id))]
		),
		el('div', { class: 'space' }, job.options && optionTable(job.options)),
		text && [
			el('h3', {}, 'The same again'),
			el(
				'div',
				{ class: 'command' },
				el('code', {}, text),
				el(
					'button',
					{
						type: 'button',
						class: 'small',
						'aria-label': 'Copy the command',
						on: { click: () => copy(text, 'The command') },
					},
					'Copy'
				)
			),
		],
	];
}

/**
 * Stages and steps.
 * @param {any} job
 */
export function stepsPart(job) {
	return [
		el('h2', {}, 'Progress'),
		stageTrack(job),
		job.steps.length > 0 &&
			el('details', { open: job.state === 'failed' }, el('summary', {}, 'All steps'), stepTable(job.steps)),
	];
}

/**
 * Conformers while the job runs.
 * @param {any} data
 */
export function conformersPart(data) {
	return data.list?.length
		? [el('h2', {}, 'Conformers'), conformerTable(data.list.map(c => ({ ...c, id: c.conformer_id })))]
		: null;
}
