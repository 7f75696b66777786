/* The page of one job: how far it is, what it was asked for, and its results. */
import { getJson } from './api.js';
import { command } from './command.js';
import { el, part, setText, throttled } from './dom.js';
import { listen } from './events.js';
import { logPanel } from './log.js';
import { showResults } from './results.js';
import { stageTrack, stepTable } from './steps.js';
import { conformerTable } from './tables.js';
import { copy } from './toast.js';
import { verbs } from './verbs.js';
import { viewer } from './viewer.js';
import { STATES, duration, left, moment, percent } from './words.js';

const REFRESH_MS = 2000;
const ENDED = new Set(['done', 'failed', 'cancelled']);

function lead(job) {
	const s = (Date.parse(job.finished) - Date.parse(job.started)) / 1000;
	return [el('span', { class: `s-${job.state in STATES ? job.state : 'other'}` }, STATES[job.state] ?? job.state),
		[job.preset && `preset ${job.preset}`, job.solvent && `solvent ${job.solvent}`, `submitted ${moment(job.created)}`,
			job.state === 'done' && Number.isFinite(s) && `took ${duration(s)}`].filter(Boolean).map(t => ` · ${t}`)];
}

function trouble(job) {
	const reason = job.reason || job.error_message, loud = job.state === 'failed';
	return [(loud || job.state === 'held') && (reason || job.remedy) && el('div', { class: loud ? 'box loud' : 'box', role: loud ? 'alert' : 'note' },
		el('p', {}, loud ? el('b', {}, 'It failed. ') : el('b', {}, 'Held. '), reason), job.remedy && el('p', {}, el('b', {}, 'What to do: '), job.remedy)),
	job.warning && el('div', { class: 'box', role: 'note' }, el('p', {}, job.warning))];
}

/* The bar stays; only its values change. */
function progressPart(node) {
	const bar = el('progress', { max: 100, 'aria-label': 'Progress of the job' }), share = el('b'), rest = el('span', { class: 'soft' }), detail = el('p', { class: 'detail' });
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
	return el('div', { class: 'scroll' }, el('table', {}, el('caption', { class: 'quiet' }, 'Options'), el('thead', {}, el('tr', {}, ['Option', 'Value', 'From'].map(t => el('th', { scope: 'col' }, t)))),
		el('tbody', {}, Object.entries(options).filter(([, o]) => o && o.value !== '').map(([name, o]) => el('tr', {}, el('th', { scope: 'row' }, name.replaceAll('_', ' ')), el('td', {}, o.value), el('td', {}, origin(o)))))));
}

function asked(job) {
	const text = command(job);
	return [el('h2', {}, 'What was asked for'),
		el('dl', {}, job.source && [el('dt', {}, 'Source'), el('dd', {}, el('bdi', {}, job.source), job.record && `, record ${job.record}`)],
			job.input_smiles && [el('dt', {}, 'SMILES'), el('dd', {}, el('code', {}, job.input_smiles))],
			job.batch && [el('dt', {}, 'Batch'), el('dd', {}, el('code', {}, job.batch))],
			job.owner && [el('dt', {}, 'Owner'), el('dd', {}, job.owner)], [el('dt', {}, 'Job'), el('dd', {}, el('code', {}, job.id))]),
		el('div', { class: 'space' }, job.options && optionTable(job.options)),
		text && [el('h3', {}, 'The same again'), el('div', { class: 'command' }, el('code', {}, text),
			el('button', { type: 'button', class: 'small', 'aria-label': 'Copy the command', on: { click: () => copy(text, 'The command') } }, 'Copy'))]];
}

function stepsPart(job) {
	return [el('h2', {}, 'Progress'), stageTrack(job), job.steps.length > 0 && el('details', { open: job.state === 'failed' }, el('summary', {}, 'All steps'), stepTable(job.steps))];
}

function conformersPart({ list }) {
	return list?.length ? [el('h2', {}, 'Conformers'), conformerTable(list.map(c => ({ ...c, id: c.conformer_id })))] : null;
}

class JobPage {
	constructor(main, id) {
		this.id = id;
		const place = () => el('div');
		this.at = { lead: el('p', { class: 'lead' }), verbs: el('p', { class: 'verbs' }), trouble: place(), progress: el('div', { class: 'now', hidden: true }),
			results: place(), steps: place(), conformers: place(), shape: place(), asked: place() };
		this.title = el('h1', {}, el('bdi', {}, id));
		this.log = logPanel(id, () => this.job?.state === 'running');
		this.parts = { lead: part(this.at.lead, lead), verbs: part(this.at.verbs, j => verbs(j, true, () => this.load())), trouble: part(this.at.trouble, trouble),
			progress: progressPart(this.at.progress), steps: part(this.at.steps, stepsPart), conformers: part(this.at.conformers, conformersPart), asked: part(this.at.asked, asked) };
		this.failure = el('p', { class: 'box loud', hidden: true });
		main.append(el('p', { class: 'back sans' }, el('a', { href: '/' }, '← Queue')), this.title, this.at.lead, this.at.verbs, this.failure, this.at.trouble, this.at.progress,
			this.at.results, this.at.shape, this.at.conformers, this.at.steps, this.log.node, this.at.asked);
		this.log.node.hidden = true;
		this.refresh = throttled(() => this.load(), REFRESH_MS);
		this.stop = listen('change', () => this.settled() || this.refresh());
		this.load();
	}

	/* A job that has ended changes by a verb alone, and that is seldom. */
	settled() {
		return this.job?.state === 'done' && this.shown;
	}

	async load() {
		try {
			const job = await getJson(`/jobs/${encodeURIComponent(this.id)}`);
			if (!this.over)
				this.draw({ ...job, id: job.id ?? job.job_id ?? this.id, steps: job.steps ?? [] });
			this.failure.hidden = true;
		} catch (e) {
			this.failure.hidden = false;
			this.fail(e);
		}
	}

	fail(e) {
		const source = this.job?.source;
		const split = source && [' A file with several molecules becomes one job for each: see ', el('a', { href: `/?q=${encodeURIComponent(source)}` }, 'the queue'), '.'];
		this.failure.replaceChildren(...(e.status === 404 ? ['There is no job of this id.', ...(split || [' Jobs that ended long ago are removed from the queue; their results stay in the outbox.'])] : [e.message]));
	}

	draw(job) {
		this.job = job;
		const name = job.name || job.input_name || job.id;
		setText(this.title.firstChild, name);
		document.title = `${name} – NMR`;
		this.parts.lead({ state: job.state, preset: job.preset, solvent: job.solvent, created: job.created, started: job.started, finished: job.finished });
		this.parts.verbs({ id: job.id, name, state: job.state, priority: job.priority });
		this.parts.trouble({ state: job.state, reason: job.reason, error_message: job.error_message, remedy: job.remedy, warning: job.conformer_method_warning });
		this.parts.progress(job);
		this.parts.steps({ steps: job.steps, stage: job.stage, state: job.state });
		this.parts.conformers({ list: job.state === 'done' ? null : job.conformer_progress });
		this.parts.asked({ id: job.id, name: job.name, options: job.options, source: job.source, record: job.record, batch: job.batch, owner: job.owner, input_smiles: job.input_smiles });
		this.log.node.hidden = job.state !== 'running' && job.state !== 'failed';
		this.drawResults(job);
		this.drawShape(job);
	}

	drawResults(job) {
		if ((job.state === 'done') === Boolean(this.shown))
			return;
		this.shown?.();
		this.shown = null;
		this.at.results.replaceChildren();
		if (job.state === 'done')
			this.shown = showResults(this.at.results, job);
	}

	/* Until there are results: the geometry that there is, anew with each stage. */
	async drawShape(job) {
		const wanted = job.state === 'done' ? '' : job.stage ?? '';
		if (wanted === this.shapeOf)
			return;
		this.shapeOf = wanted;
		const geometry = wanted ? await getJson(`/jobs/${encodeURIComponent(this.id)}/geometry.json`).catch(() => null) : null;
		if (this.over || wanted !== this.shapeOf)
			return;
		this.shape?.end();
		this.shape = geometry && (geometry.sdf || geometry.xyz) ? viewer(geometry, null) : null;
		this.at.shape.replaceChildren(...(this.shape ? [el('h2', {}, 'Geometry so far'), this.shape.node] : []));
	}

	end() {
		this.over = true;
		this.stop();
		this.refresh.stop();
		this.log.end();
		this.shown?.();
		this.shape?.end();
	}
}

/**
 * @param {HTMLElement} main
 * @param {string} id
 * @returns {() => void} ends the page
 */
export function jobPage(main, id) {
	const page = new JobPage(main, id);
	return () => page.end();
}
