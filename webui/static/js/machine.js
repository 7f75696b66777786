/* What the machine is doing, in the footer; what is wrong with it, above the page. */
import { getJson } from './api.js';
import { el, part } from './dom.js';
import { listen } from './events.js';
import { duration } from './words.js';

const GONE_MS = 4000;
let unreachable = false,
	latest = null,
	timer = 0;

function gib(mb) {
	return mb < 1024 ? `${Math.round(mb)} MB` : `${(mb / 1024).toFixed(mb < 10240 ? 1 : 0)} GB`;
}

function disks(m) {
	return (m.disk ?? [])
		.filter(d => d.free_mb !== null)
		.map(d =>
			el(
				'span',
				{},
				`Disk of ${d.folder}: ${gib(d.free_mb)} free${d.total_mb ? ` of ${gib(d.total_mb)}` : ''}`
			)
		);
}

function footer(m) {
	if (!m) return null;
	const s = m.spooler ?? {};
	return [
		el(
			'span',
			{},
			`Spooler ${s.running ? 'running' : 'not running'}${s.version ? `, version ${s.version}` : ''}`
		),
		m.cores !== null && m.cores !== undefined && el('span', {}, `${m.cores} cores`),
		m.load && el('span', {}, `Load ${m.load.map(x => x.toFixed(1)).join(' · ')}`),
		m.memory_mb && el('span', {}, `Memory ${gib(m.memory_mb)}`),
		disks(m),
		m.webui?.version && el('span', {}, `Page ${m.webui.version}, up ${duration(m.webui.uptime_s)}`),
		el('a', { href: '/docs' }, 'API'),
	];
}

function notices({ m, gone }) {
	const s = m?.spooler;
	return [
		gone &&
			el(
				'div',
				{ class: 'box loud' },
				el(
					'p',
					{},
					el('b', {}, 'No connection to the server. '),
					'What is shown may be old; the page goes on by itself when the server answers again.'
				)
			),
		s &&
			!s.running &&
			el(
				'div',
				{ class: 'box loud' },
				el(
					'p',
					{},
					el('b', {}, 'The spooler is not running. '),
					'What you submit is kept and computed when it is started again. ',
					'Tell whoever runs this server: ',
					el('code', {}, 'docker compose up -d spooler'),
					' or ',
					el('code', {}, 'systemctl start nmr-spooler'),
					'.'
				)
			),
		m?.notice && el('div', { class: 'box' }, el('p', {}, m.notice)),
	];
}

/** Draws both from now on. */
export function startMachine() {
	const foot = part(document.getElementById('machine'), footer);
	const above = part(document.getElementById('notices'), notices);
	const show = () => {
		foot(latest);
		above({ m: latest && { spooler: latest.spooler, notice: latest.notice }, gone: unreachable });
	};
	const take = m => {
		latest = m;
		show();
	};
	listen('machine', take);
	listen('link', up => {
		if (up) {
			clearTimeout(timer);
			timer = 0;
			unreachable = false;
			show();
		} else {
			timer ||= setTimeout(() => {
				unreachable = true;
				show();
			}, GONE_MS);
		}
	});
	getJson('/machine').then(take, () => {});
}
