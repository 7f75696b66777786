/* One row of the queue. */
import { el, part, setText } from './dom.js';
import { verbs } from './verbs.js';
import { STATES, left, moment, percent, took } from './words.js';

/**
 * @typedef {{node: HTMLElement, update: ((job: any) => void)[]}} Row
 */

function name(job) {
	const source = job.source && job.source !== job.name ? job.source : null;
	const record = job.record ? `record ${job.record}` : null;
	return [
		el('a', { href: `/jobs/${encodeURIComponent(job.id)}` }, el('bdi', {}, job.name || job.id)),
		(source || record) &&
			el('span', { class: 'why' }, el('bdi', {}, [source, record].filter(Boolean).join(', '))),
	];
}

function why(job) {
	if (job.state === 'done') return null;
	const said = [job.reason, job.remedy].filter(Boolean).join(' ');
	return job.state === 'running' || job.state === 'queued' ? job.detail || said : said;
}

function state(job) {
	const text = why(job);
	return [
		el('span', { class: `s-${job.state in STATES ? job.state : 'other'}` }, STATES[job.state] ?? job.state),
		text && el('span', { class: 'why' }, text),
	];
}

/* The bar is kept, so that it moves instead of blinking. */
function progress(cell) {
	const bar = el('progress', { max: 100, 'aria-label': 'Progress' });
	const share = el('span'),
		rest = el('span', { class: 'why' });
	cell.append(bar, share, rest);
	return job => {
		const p = percent(job),
			active = job.state === 'running' || job.state === 'publishing' || (job.state === 'held' && p > 0);
		bar.hidden = share.hidden = !active || p === null;
		if (p !== null) bar.value = p;
		setText(share, p === null ? '' : `${p} %`);
		setText(rest, job.state === 'running' ? left(job.left_s) : took(job));
	};
}

/**
 * An empty row for a job.
 * @param {any} job
 * @returns {Row}
 */
export function makeRow(job) {
	const nameCell = el('th', { scope: 'row', class: 'name' }),
		stateCell = el('td', { class: 'state' });
	const barCell = el('td', { class: 'progress' }),
		timeCell = el('td', { class: 'soft nowrap' });
	const actions = el('td', { class: 'actions' });
	const drawName = part(nameCell, name),
		drawState = part(stateCell, state),
		drawBar = progress(barCell);
	const drawVerbs = part(actions, j => verbs(j));
	return {
		node: el('tr', { 'data-id': job.id }, nameCell, stateCell, barCell, timeCell, actions),
		update: [
			j => drawName({ id: j.id, name: j.name, source: j.source, record: j.record }),
			j => drawState({ state: j.state, reason: j.reason, remedy: j.remedy, detail: j.detail }),
			drawBar,
			j => setText(timeCell, moment(j.created)),
			j => drawVerbs({ id: j.id, name: j.name, state: j.state, priority: j.priority }),
		],
	};
}

/**
 * @param {Row} row
 * @param {any} job
 */
export function updateRow(row, job) {
	for (const fn of row.update) fn(job);
}
