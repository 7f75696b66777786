/* The form: a SMILES or several, a drawing, files; options; a look at it first. */
import { getJson, postJson, upload } from './api.js';
import { debounced, el, part, setText } from './dom.js';
import { drawBoard } from './draw.js';
import { onStaged, stageFiles, stagedFiles, unstage } from './drop.js';
import { go } from './nav.js';
import { markFields, optionFields, optionValues } from './options.js';
import { Preview, check, summary } from './preview.js';
import { fileCheck, lines, splitLine, textCheck } from './structures.js';
import { toast } from './toast.js';
import { count, size } from './words.js';

const CHECK_MS = 450;
const CHECKED_FILES = 8;

function fileList(node) {
	return part(node, files =>
		files.map((f, i) =>
			el(
				'li',
				{},
				el('bdi', {}, f.name),
				' ',
				el('span', { class: 'soft' }, size(f.size)),
				' ',
				el(
					'button',
					{
						type: 'button',
						class: 'small',
						'aria-label': `Remove ${f.name}`,
						on: { click: () => unstage(stagedFiles()[i]) },
					},
					'Remove'
				)
			)
		)
	);
}

function section(id, title, ...children) {
	return el('section', { 'aria-labelledby': id }, el('h2', { id }, title), ...children);
}

/* What archives held besides structures. */
function tellSkipped(skipped) {
	if (!skipped.length) return;
	const some = skipped.slice(0, 3).map(f => `${f.name}: ${f.why}`);
	const more = skipped.length > some.length ? `; and ${count(skipped.length - some.length, 'more file')}` : '';
	toast(`Left out of the archive: ${some.join('; ')}${more}.`, true);
}

class Form {
	constructor(options) {
		this.options = options;
		this.limits = options.limits ?? {};
		this.preview = new Preview();
		this.status = el('p', { class: 'sans', role: 'status', 'aria-live': 'polite' });
		this.problem = el('div', { class: 'box loud', role: 'alert', hidden: true });
		this.send = el('button', { type: 'submit', class: 'main', disabled: true }, 'Submit');
		this.bar = el('progress', { max: 1, hidden: true, 'aria-label': 'Upload' });
		this.soon = debounced(() => this.look(), CHECK_MS);
		this.text = el('textarea', {
			id: 'smiles',
			rows: 3,
			spellcheck: 'false',
			autocapitalize: 'off',
			autocomplete: 'off',
			placeholder: 'CCO ethanol',
			'aria-describedby': 'smiles-hint',
			on: { input: () => this.changed() },
		});
		this.files = el('ul', { class: 'files-waiting' });
		this.drawFiles = fileList(this.files);
		this.fields = optionFields(options, () => this.changed());
		this.board = drawBoard(
			() => splitLine(lines(this.text.value)[0] ?? '').smiles ?? '',
			s => {
				this.text.value = s;
				this.changed();
			}
		);
		this.node = this.build();
		this.stop = onStaged(() => this.changed());
		this.changed();
	}

	picker() {
		const change = () => {
			stageFiles(input.files);
			input.value = '';
		};
		const input = el('input', { type: 'file', multiple: true, id: 'files', class: 'quiet', on: { change } });
		const limit = this.limits.file_size_mb ? ` Up to ${this.limits.file_size_mb} MB each.` : '';
		const hint = `or drop them anywhere on this page. Any format that nmr-spool reads, several at once, or an archive of them (.zip, .tar.gz, .7z).${limit}`;
		return el(
			'div',
			{ class: 'choose' },
			input,
			el('label', { for: 'files', class: 'button' }, 'Choose files …'),
			el('span', { class: 'hint' }, hint)
		);
	}

	typed() {
		const hint = 'A name may follow each, after a space. Several lines make a batch.';
		return el(
			'div',
			{ class: 'field' },
			el('label', { for: 'smiles' }, 'SMILES'),
			this.text,
			el('span', { class: 'hint', id: 'smiles-hint' }, hint)
		);
	}

	build() {
		const submit = e => {
			e.preventDefault();
			this.submit();
		};
		const send = el('div', { class: 'send' }, this.send, this.bar);
		const look = section('preview', 'Preview', this.status, send, this.problem, this.preview.node);
		look.classList.add('look');
		return el(
			'form',
			{ class: 'submit', novalidate: true, on: { submit } },
			el(
				'div',
				{},
				section('what', 'Molecules', this.typed(), this.board.node, this.picker(), this.files),
				section('how', 'Options', this.fields)
			),
			look
		);
	}

	empty() {
		return !lines(this.text.value).length && !stagedFiles().length;
	}

	changed() {
		this.drawFiles(stagedFiles().map(f => ({ name: f.name, size: f.size })));
		this.send.disabled = this.busy || this.empty();
		this.problem.hidden = true;
		if (this.empty()) {
			this.asking?.abort();
			this.preview.clear();
			this.several = false;
			setText(this.status, 'Type a SMILES, draw a molecule or choose files to see them here.');
		} else {
			this.soon();
		}
	}

	async bodies() {
		const preset = this.fields.querySelector('[name=preset]')?.value || undefined;
		const files = stagedFiles().slice(0, CHECKED_FILES);
		const all = await Promise.all(files.map(f => fileCheck(f, preset)));
		return [
			...(lines(this.text.value).length ? [textCheck(this.text.value, preset)] : []),
			...all.filter(Boolean),
		];
	}

	/** Has the server look at everything; only the latest question counts. */
	async look() {
		this.asking?.abort();
		const mine = (this.asking = new AbortController());
		if (this.over || this.empty()) return;
		setText(this.status, 'Checking …');
		try {
			const asked = await this.bodies(),
				records = [],
				errors = [];
			for (const b of asked) {
				const { records: r, error } = await check(b, mine.signal);
				records.push(
					...(b.smiles
						? r.map(one => ({ ...one, name: one.name || splitLine(lines(this.text.value)[0]).name }))
						: r)
				);
				if (error) errors.push(error);
			}
			if (mine.signal.aborted) return;
			this.several = records.length > 1;
			this.preview.show(records);
			const unseen = stagedFiles().length + (lines(this.text.value).length ? 1 : 0) - asked.length;
			setText(
				this.status,
				[
					summary(records),
					unseen > 0 && `${count(unseen, 'file')} not checked until submitted`,
					...new Set(errors),
				]
					.filter(Boolean)
					.join(' · ')
			);
		} catch (e) {
			if (e.name !== 'AbortError') setText(this.status, e.message);
		}
	}

	async sendText(values) {
		const all = lines(this.text.value);
		if (!all.length) return [];
		if (all.length > 1) {
			this.several = true;
			const answer = await postJson('/jobs/batch', { ...values, smiles: all.join('\n') });
			return answer.jobs ?? [answer];
		}
		return [await postJson('/jobs', { ...splitLine(all[0]), ...values })];
	}

	async sendFiles(values) {
		const files = [...stagedFiles()];
		if (!files.length) return [];
		this.bar.hidden = false;
		const { jobs, skipped } = await upload(files, values, share => {
			this.bar.value = share;
		});
		files.forEach(unstage);
		tellSkipped(skipped);
		return jobs;
	}

	async submit() {
		if (this.busy) return;
		this.busy = true;
		const typed = this.text.value;
		const values = optionValues(this.fields);
		this.send.disabled = true;
		this.problem.hidden = true;
		markFields(this.fields, []);
		const jobs = [];
		try {
			jobs.push(...(await this.sendText(values)));
			if (this.text.value === typed) this.text.value = '';
			jobs.push(...(await this.sendFiles(values)));
			this.done(jobs);
		} catch (e) {
			this.problem.hidden = false;
			setText(
				this.problem,
				jobs.length ? `The SMILES was submitted, the files were not: ${e.message}` : e.message
			);
			markFields(this.fields, e.fields ?? []);
		}
		this.busy = false;
		this.bar.hidden = true;
		this.send.disabled = this.empty();
	}

	done(jobs) {
		toast(
			jobs.length === 1
				? `${jobs[0].name || 'The molecule'} is in the queue.`
				: `${jobs.length} jobs are in the queue.`
		);
		if (this.over) return;
		const id = jobs[0]?.job_id ?? jobs[0]?.id;
		/* Several molecules become several jobs: those are seen in the queue. */
		go(jobs.length === 1 && id && !this.several ? `/jobs/${encodeURIComponent(id)}` : '/');
	}

	end() {
		this.over = true;
		this.stop();
		this.asking?.abort();
		this.preview.clear();
		this.board.end();
	}
}

/**
 * @param {HTMLElement} main
 * @returns {() => void} ends the page
 */
export function submitPage(main) {
	document.title = 'Submit molecules';
	const place = el('div', { class: 'form-place' });
	let form = null,
		ended = false;
	main.append(el('h1', {}, 'Submit molecules'), place);
	getJson('/options').then(
		options => {
			if (ended) return;
			form = new Form(options);
			place.append(form.node);
		},
		e => place.append(el('p', { class: 'box loud' }, e.message))
	);
	return () => {
		ended = true;
		form?.end();
	};
}
