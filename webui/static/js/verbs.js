/* What can be asked of a job: buttons, and the outcome in words. */
import { postJson } from './api.js';
import { el } from './dom.js';
import { toast } from './toast.js';

const ALLOWED = {
	queued: ['hold', 'cancel'],
	running: ['hold', 'cancel'],
	held: ['release', 'cancel'],
	failed: ['retry'],
	cancelled: ['retry'],
	publishing: [],
	done: [],
};
const LABELS = { hold: 'Hold', cancel: 'Cancel', release: 'Release', retry: 'Retry', republish: 'Publish again' };
const PRIORITIES = [
	[10, 'urgent'],
	[5, 'high'],
	[0, 'normal'],
	[-5, 'low'],
	[-10, 'lowest'],
];

/**
 * Asks for it and says what came of it.
 * @param {{id: string, name: string|null}} job
 * @param {string} verb
 * @param {(() => void)} [then]
 * @param {object} [body]
 */
async function ask(job, verb, then, body) {
	const name = job.name || job.id;
	try {
		const answer = await postJson(`/jobs/${encodeURIComponent(job.id)}/${verb}`, body);
		if (answer.ok === null)
			toast(`${name}: the spooler has not answered yet. The request is kept and will be done.`);
		else toast(`${name}: ${answer.outcome}`, !answer.ok);
		return answer.ok !== false;
	} catch (e) {
		toast(`${name}: ${e.message}`, true);
		return false;
	} finally {
		then?.();
	}
}

function button(job, verb, then) {
	const node = el(
		'button',
		{
			type: 'button',
			class: 'small',
			'aria-label': `${LABELS[verb]} ${job.name || job.id}`,
			on: {
				click: async () => {
					node.disabled = true;
					await ask(job, verb, then);
					node.disabled = false;
				},
			},
		},
		LABELS[verb]
	);
	return node;
}

function priority(job, then) {
	const now = job.priority ?? 0;
	const known = PRIORITIES.some(([v]) => v === now)
		? PRIORITIES
		: [...PRIORITIES, [now, '']].sort((a, b) => b[0] - a[0]);
	return el(
		'select',
		{
			class: 'small',
			'aria-label': `Priority of ${job.name || job.id}`,
			on: {
				change: async e => {
					const asked = Number(e.target.value);
					/* What was refused does not stay chosen. */
					if (!(await ask(job, 'priority', then, { value: asked }))) e.target.value = String(now);
				},
			},
		},
		known.map(([v, word]) =>
			el(
				'option',
				{ value: v, selected: v === now },
				`${v > 0 ? `+${v}` : String(v).replace('-', '−')}${word ? ` ${word}` : ''}`
			)
		)
	);
}

/**
 * The buttons of a job in its present state.
 * @param {{id: string, name: string|null, state: string, priority: number}} job
 * @param {boolean} [all] also what is seldom needed
 * @param {() => void} [then] called when an answer is there
 */
export function verbs(job, all = false, then) {
	const waits = job.state === 'queued' || job.state === 'held' || job.state === 'running';
	return [
		waits && priority(job, then),
		(ALLOWED[job.state] ?? []).map(v => button(job, v, then)),
		all && job.state === 'done' && button(job, 'republish', then),
	];
}
