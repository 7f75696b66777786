/* The page of one job: how far it is, what it was asked for, and its results. */
import { getJson } from './api.js';
import { el, part, plain, setText, throttled } from './dom.js';
import { listen } from './events.js';
import { asked, batchPart, conformersPart, lead, progressPart, stepsPart, trouble } from './job-parts.js';
import { logPanel } from './log.js';
import { optimisationPart } from './optimisation.js';
import { showResults } from './results.js';
import { verbs } from './verbs.js';
import { percent } from './words.js';

const REFRESH_MS = 2000;

class JobPage {
	constructor(main, id) {
		this.id = id;
		const place = () => el('div');
		this.at = {
			lead: el('p', { class: 'lead' }),
			verbs: el('p', { class: 'verbs' }),
			trouble: place(),
			progress: el('div', { class: 'now', hidden: true }),
			results: place(),
			steps: place(),
			conformers: place(),
			batch: place(),
			asked: place(),
		};
		this.title = el('h1', {}, el('bdi', {}, id));
		this.optimisation = optimisationPart(id);
		this.log = logPanel(id, () => this.job?.state === 'running');
		this.parts = {
			lead: part(this.at.lead, lead),
			verbs: part(this.at.verbs, j => verbs(j, true, () => this.load())),
			trouble: part(this.at.trouble, trouble),
			progress: progressPart(this.at.progress),
			steps: part(this.at.steps, stepsPart),
			conformers: part(this.at.conformers, conformersPart),
			asked: part(this.at.asked, asked),
			batch: part(this.at.batch, batchPart),
		};
		this.failure = el('p', { class: 'box loud', hidden: true });
		main.append(
			el('p', { class: 'back sans' }, el('a', { href: '/' }, '← Queue')),
			this.title,
			this.at.lead,
			this.at.verbs,
			this.failure,
			this.at.trouble,
			this.at.progress,
			this.at.results,
			this.at.steps,
			this.optimisation.node,
			this.at.conformers,
			this.at.batch,
			this.log.node,
			this.at.asked
		);
		this.log.node.hidden = true;
		this.refresh = throttled(() => this.load(), REFRESH_MS);
		this.stop = listen('change', () => this.settled() || this.refresh());
		this.load();
	}

	/* What is done stays so but for a verb of this page; what failed may be retried from
	 * anywhere. */
	settled() {
		return this.job?.state === 'done' && this.shown;
	}

	/* Only the latest answer counts. */
	async load() {
		this.asking?.abort();
		const mine = (this.asking = new AbortController());
		try {
			const job = await getJson(`/jobs/${encodeURIComponent(this.id)}`, mine.signal);
			if (this.over || mine.signal.aborted) return;
			this.failure.hidden = true;
			if (job.batch === true) this.drawBatch(job);
			else this.draw({ ...job, id: job.id ?? job.job_id ?? this.id, steps: job.steps ?? [] });
		} catch (e) {
			if (this.over || mine.signal.aborted) return;
			this.failure.hidden = false;
			setText(
				this.failure,
				e.status === 404
					? 'There is no job of this id. Jobs that ended long ago are removed from the queue; their results stay in the outbox.'
					: e.message
			);
		}
	}

	/* What is a batch now may have been a job a moment ago. */
	drawBatch(batch) {
		setText(this.title.firstChild, batch.name || batch.id);
		document.title = `${plain(batch.name || batch.id)} – NMR`;
		for (const [name, node] of Object.entries(this.at)) if (name !== 'batch') node.hidden = true;
		this.log.node.hidden = true;
		this.parts.batch(batch);
	}

	draw(job) {
		this.job = job;
		const name = job.name || job.input_name || job.id;
		setText(this.title.firstChild, name);
		document.title = job.state === 'running' ? `${percent(job) ?? 0} % ${plain(name)}` : `${plain(name)} – NMR`;
		this.parts.lead({
			state: job.state,
			preset: job.preset,
			solvent: job.solvent,
			created: job.created,
			started: job.started,
			finished: job.finished,
		});
		this.parts.verbs({ id: job.id, name, state: job.state, priority: job.priority });
		this.parts.trouble({
			state: job.state,
			reason: job.reason,
			error_message: job.error_message,
			remedy: job.remedy,
			warning: job.conformer_method_warning,
		});
		this.parts.progress(job);
		this.parts.steps({ steps: job.steps, stage: job.stage, state: job.state });
		this.parts.conformers({ list: job.state === 'done' ? null : job.conformer_progress });
		this.parts.asked({
			id: job.id,
			name: job.name,
			options: job.options,
			source: job.source,
			record: job.record,
			batch: job.batch,
			owner: job.owner,
			input_smiles: job.input_smiles,
		});
		this.optimisation.update(job);
		this.log.show(job.state === 'running' || job.state === 'failed');
		this.drawResults(job);
	}

	drawResults(job) {
		if ((job.state === 'done') === Boolean(this.shown)) return;
		this.shown?.();
		this.shown = null;
		this.at.results.replaceChildren();
		if (job.state !== 'done') return;
		/* What could not be loaded is tried again with the next change. */
		this.shown = showResults(this.at.results, job, () => {
			this.shown = null;
		});
	}

	end() {
		this.over = true;
		this.asking?.abort();
		this.stop();
		this.refresh.stop();
		this.optimisation.end();
		this.log.end();
		this.shown?.();
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
