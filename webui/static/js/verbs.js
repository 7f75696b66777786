/* What can be asked of a job: buttons, and the outcome in words. */
import { postJson } from './api.js';
import { el } from './dom.js';
import { toast } from './toast.js';

const ALLOWED = {
	queued: ['hold', 'cancel'], running: ['hold', 'cancel'], held: ['release', 'cancel'],
	failed: ['retry'], cancelled: ['retry'], publishing: [], done: [],
};
const LABELS = { hold: 'Hold', cancel: 'Cancel', release: 'Release', retry: 'Retry', republish: 'Publish again' };
const PRIORITIES = [[10, 'urgent'], [5, 'high'], [0, 'normal'], [-5, 'low'], [-10, 'lowest']];

/**
 * Asks for it and says what came of it.
 * @param {{id: string, name: string|null}} job
 * @param {string} verb
 * @param {object} [body]
 */
async function ask(job, verb, body) {
	const name = job.name || job.id;
	try {
		const answer = await postJson(`/jobs/${encodeURIComponent(job.id)}/${verb}`, body);
		if (answer.ok === null)
			toast(`${name}: the spooler has not answered yet. The request is kept and will be done.`);
		else
			toast(`${name}: ${answer.outcome}`, !answer.ok);
	} catch (e) {
		toast(`${name}: ${e.message}`, true);
	}
}

function button(job, verb) {
	const node = el('button', {
		type: 'button', class: 'small', 'aria-label': `${LABELS[verb]} ${job.name || job.id}`,
		on: { click: async () => { node.disabled = true; await ask(job, verb); node.disabled = false; } },
	}, LABELS[verb]);
	return node;
}

function priority(job) {
	const now = job.priority ?? 0;
	const known = PRIORITIES.some(([v]) => v === now) ? PRIORITIES : [...PRIORITIES, [now, '']].sort((a, b) => b[0] - a[0]);
	return el('select', {
		class: 'small', 'aria-label': `Priority of ${job.name || job.id}`,
		on: { change: e => ask(job, 'priority', { value: Number(e.target.value) }) },
	}, known.map(([v, word]) => el('option', { value: v, selected: v === now },
		`${v > 0 ? `+${v}` : String(v).replace('-', '−')}${word ? ` ${word}` : ''}`)));
}

/**
 * The buttons of a job in its present state.
 * @param {{id: string, name: string|null, state: string, priority: number}} job
 * @param {boolean} [all] also what is seldom needed
 */
export function verbs(job, all = false) {
	const waits = job.state === 'queued' || job.state === 'held' || job.state === 'running';
	return [
		waits && priority(job),
		(ALLOWED[job.state] ?? []).map(v => button(job, v)),
		all && job.state === 'done' && button(job, 'republish'),
	];
}
