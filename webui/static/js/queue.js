/* The queue: all jobs, newest first, live. */
import { getJson } from './api.js';
import { debounced, el, part, setText, throttled } from './dom.js';
import { listen } from './events.js';
import { makeRow, updateRow } from './row.js';
import { STATES } from './words.js';

const PAGE = 50;
const REFRESH_MS = 2000;
const FILTERS = [
	['', 'All'],
	['running,publishing', 'Running'],
	['queued', 'Waiting'],
	['held', 'Held'],
	['done', 'Done'],
	['failed', 'Failed'],
	['cancelled', 'Cancelled'],
];

function total(counts, states) {
	const wanted = states ? states.split(',') : Object.keys(STATES);
	return wanted.reduce((sum, s) => sum + (counts?.[s] ?? 0), 0);
}

function emptyText(q, counts) {
	if (q) return el('p', {}, `No job has “${q}” in its name, source or id.`);
	if (total(counts, '') > 0) return el('p', {}, 'No job is in this state.');
	return [
		el('h2', {}, 'Nothing here yet'),
		el('p', {}, 'Predict your first spectrum in one of two ways:'),
		el(
			'ul',
			{},
			el(
				'li',
				{},
				'Copy a molecule file (SDF, MOL, MOL2, SMILES, XYZ, CDXML …) into the inbox folder. ',
				'The answer appears in the outbox folder, and here.'
			),
			el(
				'li',
				{},
				'Drop a file anywhere on this page, or ',
				el('a', { href: '/submit' }, 'paste a SMILES or draw the molecule'),
				'.'
			)
		),
	];
}

/* Rows are kept and moved, never made anew: focus and selections stay. */
function fill(body, rows, jobs) {
	const seen = new Set();
	let at = body.firstElementChild;
	for (const job of jobs) {
		seen.add(job.id);
		let row = rows.get(job.id);
		if (!row) rows.set(job.id, (row = makeRow(job)));
		updateRow(row, job);
		if (row.node === at) at = at.nextElementSibling;
		else body.insertBefore(row.node, at);
	}
	for (const [id, row] of rows)
		if (!seen.has(id)) {
			row.node.remove();
			rows.delete(id);
		}
}

function filters(view, change) {
	const counts = new Map();
	const node = el(
		'div',
		{ class: 'filters', role: 'group', 'aria-label': 'Show jobs by state' },
		FILTERS.map(([states, label]) => {
			const n = el('b', {}, '–');
			const button = el(
				'button',
				{
					type: 'button',
					'aria-pressed': String(view.state === states),
					on: {
						click: () => {
							view.state = states;
							change();
						},
					},
				},
				n,
				label
			);
			counts.set(states, { n, button });
			return button;
		})
	);
	const update = all => {
		for (const [states, { n, button }] of counts) {
			if (all) setText(n, total(all, states));
			button.setAttribute('aria-pressed', String(view.state === states));
		}
	};
	return { node, update };
}

function pager(view, change) {
	const newer = el(
		'button',
		{
			type: 'button',
			on: {
				click: () => {
					view.pages.pop();
					change();
				},
			},
		},
		'Newer'
	);
	const older = el(
		'button',
		{
			type: 'button',
			on: {
				click: () => {
					view.pages.push(view.next);
					change();
				},
			},
		},
		'Older'
	);
	const where = el('span', { class: 'soft sans' });
	const node = el('div', { class: 'pager' }, newer, where, older);
	const update = () => {
		newer.disabled = !view.pages.length;
		older.disabled = !view.next;
		node.hidden = newer.disabled && older.disabled;
		setText(where, `Page ${view.pages.length + 1}`);
	};
	return { node, update };
}

function readView() {
	const p = new URLSearchParams(location.search);
	return { state: p.get('state') ?? '', q: p.get('q') ?? '', batch: p.get('batch') ?? '', pages: [], next: null };
}

function writeView(view) {
	const p = new URLSearchParams();
	if (view.state) p.set('state', view.state);
	if (view.q) p.set('q', view.q);
	if (view.batch) p.set('batch', view.batch);
	const search = p.toString();
	history.replaceState(null, '', search ? `/?${search}` : '/');
}

function query(view) {
	const p = new URLSearchParams({ limit: String(PAGE) });
	if (view.state) p.set('state', view.state);
	if (view.q) p.set('q', view.q);
	if (view.batch) p.set('batch', view.batch);
	if (view.pages.length) p.set('before', view.pages.at(-1));
	return `/jobs?${p}`;
}

function table() {
	const body = el('tbody');
	const node = el(
		'table',
		{ class: 'queue' },
		el('caption', { class: 'quiet' }, 'Jobs, newest first'),
		el(
			'thead',
			{},
			el(
				'tr',
				{},
				['Molecule', 'State', 'Progress', 'Submitted'].map(t => el('th', { scope: 'col' }, t)),
				el('th', { scope: 'col' }, el('span', { class: 'quiet' }, 'Actions'))
			)
		),
		body
	);
	return { node, body };
}

class QueuePage {
	constructor(main) {
		this.view = readView();
		this.rows = new Map();
		this.table = table();
		this.failure = el('p', { class: 'box loud', hidden: true });
		this.below = el('div', { class: 'empty' });
		this.empty = part(this.below, d => (d.none ? emptyText(d.q, d.counts) : null));
		this.bar = filters(this.view, () => this.restart());
		this.pages = pager(this.view, () => this.load());
		const submit = el('a', { class: 'button main', href: '/submit' }, 'Submit molecules');
		main.append(
			el('div', { class: 'title' }, el('h1', {}, 'NMR queue'), submit),
			el('p', { class: 'soft' }, 'Drop molecule files anywhere on this page to submit them.'),
			el('div', { class: 'tools' }, this.bar.node, this.search()),
			this.batch(),
			this.failure,
			this.table.node,
			this.below,
			this.pages.node
		);
		this.pages.update();
		this.load();
		this.refresh = throttled(() => this.load(), REFRESH_MS);
		this.stop = listen('change', this.refresh);
	}

	search() {
		const take = debounced(value => {
			this.view.q = value.trim();
			this.restart();
		}, 300);
		return el('input', {
			type: 'search',
			value: this.view.q,
			placeholder: 'name, source or id',
			'aria-label': 'Search jobs by name, source or id',
			on: { input: e => take(e.target.value) },
		});
	}

	/* Says that one batch is shown, and leads back to all. */
	batch() {
		const { batch } = this.view;
		if (!batch) return '';
		const all = el('a', { href: '/' }, 'Show all jobs');
		const one = el('a', { href: `/jobs/${encodeURIComponent(batch)}` }, batch);
		return el('p', { class: 'sans' }, 'Only the jobs of batch ', one, '. ', all);
	}

	/* Another question: its first page. */
	restart() {
		if (this.over) return;
		this.view.pages = [];
		writeView(this.view);
		this.bar.update(null);
		this.load();
	}

	async load() {
		this.request?.abort();
		const mine = (this.request = new AbortController());
		try {
			this.show(await getJson(query(this.view), mine.signal));
			this.failure.hidden = true;
		} catch (e) {
			if (e.name === 'AbortError') return;
			this.failure.hidden = false;
			setText(this.failure, e.message);
		}
		this.pages.update();
	}

	show(answer) {
		const none = !answer.jobs.length;
		this.view.next = answer.next;
		fill(this.table.body, this.rows, answer.jobs);
		this.table.node.hidden = none;
		this.empty({ none, q: this.view.q, counts: answer.counts });
		this.bar.update(answer.counts);
	}

	end() {
		this.over = true;
		this.stop();
		this.refresh.stop();
		this.request?.abort();
	}
}

/**
 * @param {HTMLElement} main
 * @returns {() => void} ends the page
 */
export function queuePage(main) {
	document.title = 'NMR queue';
	const page = new QueuePage(main);
	return () => page.end();
}
