/* How far a job is: its stages, and the steps of each. */
import { el } from './dom.js';
import { STAGES, count, duration } from './words.js';

const STEP_STATES = { ready: 'waiting', running: 'running', done: 'done', failed: 'failed', skipped: 'not needed' };
const ORDER = Object.keys(STAGES);

function clock(iso) {
	const d = new Date(iso ?? NaN);
	return Number.isNaN(d.getTime()) ? '' : d.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

function time(s) {
	if (s.state === 'running') return s.started_at ? `since ${clock(s.started_at)}` : '–';
	return s.state === 'done' || s.state === 'failed' ? duration(s.wall_s) : '–';
}

function row(s) {
	return el(
		'tr',
		{},
		el('th', { scope: 'row' }, s.label, s.detail && el('span', { class: 'why' }, s.detail)),
		el(
			'td',
			{ class: s.state === 'failed' ? 's-failed' : s.state === 'running' ? 's-running' : 'soft' },
			STEP_STATES[s.state] ?? s.state
		),
		el('td', {}, [s.program, s.version].filter(Boolean).join(' ') || '–'),
		el('td', { class: 'n' }, s.ranks ?? '–'),
		el('td', { class: 'n' }, time(s)),
		el('td', { class: 'n' }, s.cpu_s ? duration(s.cpu_s) : '–')
	);
}

/**
 * @param {any[]} steps
 */
export function stepTable(steps) {
	return el(
		'div',
		{ class: 'scroll', tabindex: 0, role: 'group' },
		el(
			'table',
			{},
			el('caption', { class: 'quiet' }, 'Steps'),
			el(
				'thead',
				{},
				el(
					'tr',
					{},
					['Step', 'State', 'Program'].map(t => el('th', { scope: 'col' }, t)),
					['Cores', 'Time', 'CPU time'].map(t => el('th', { scope: 'col', class: 'n' }, t))
				)
			),
			el('tbody', {}, steps.map(row))
		)
	);
}

/* What one stage is at: from its steps alone. */
function stageOf(name, steps, now) {
	const mine = steps.filter(s => s.stage === name),
		ended = mine.filter(s => s.state === 'done' || s.state === 'skipped').length;
	const failed = mine.some(s => s.state === 'failed'),
		running = mine.some(s => s.state === 'running');
	const at = ORDER.indexOf(now),
		mineAt = ORDER.indexOf(name);
	const state =
		running || (name === now && ended < mine.length && !failed)
			? 'now'
			: ended && ended === mine.length
				? 'past'
				: failed
					? 'failed'
					: mineAt < at
						? 'past'
						: name === now
							? 'now'
							: 'future';
	return { name, state, n: mine.length, ended, wall: mine.reduce((sum, s) => sum + (s.wall_s ?? 0), 0) };
}

const SPOKEN = { past: 'done', now: 'now', failed: 'failed', future: 'to come' };

/**
 * The stages as a line of steps. Those that this job never has are left out.
 * @param {{steps: any[], stage: string|null, state: string}} job
 */
export function stageTrack(job) {
	const now = job.state === 'done' ? null : job.stage;
	const optional = new Set(['optimise', 'reference']);
	const list = ORDER.map(n => stageOf(n, job.steps, now)).filter(
		s => s.n || !optional.has(s.name) || s.name === now
	);
	return el(
		'ol',
		{ class: 'track' },
		list.map(s =>
			el(
				'li',
				{
					class: job.state === 'done' ? 'past' : s.state,
					'aria-current': s.state === 'now' ? 'step' : null,
				},
				el('span', {}, STAGES[s.name]),
				el('span', { class: 'quiet' }, SPOKEN[s.state]),
				el(
					'span',
					{ class: 'soft' },
					s.n
						? [
								s.n > 1 && (s.state === 'now' ? `${s.ended} of ${s.n}` : count(s.n, 'step')),
								s.wall > 0 && duration(s.wall),
							]
								.filter(Boolean)
								.join(', ') || '\u00a0'
						: '\u00a0'
				)
			)
		)
	);
}
