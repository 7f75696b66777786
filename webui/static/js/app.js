/* The start: routes, the frame of the page, files that are dropped anywhere. */
import { startDrop } from './drop.js';
import { startEvents } from './events.js';
import { jobPage } from './job.js';
import { startMachine } from './machine.js';
import { go, onNavigate } from './nav.js';
import { queuePage } from './queue.js';
import { submitPage } from './submit.js';

const main = document.getElementById('main');
let leave = null;
let shown = '';

function decoded(word) {
	try {
		return decodeURIComponent(word);
	} catch {
		return word;
	}
}

function route(path) {
	const job = /^\/jobs\/([^/]+)\/?$/.exec(path);
	if (job) return { nav: '', open: () => jobPage(main, decoded(job[1])) };
	return path.startsWith('/submit')
		? { nav: 'submit', open: () => submitPage(main) }
		: { nav: 'queue', open: () => queuePage(main) };
}

function show() {
	shown = location.pathname + location.search;
	const { nav, open } = route(location.pathname);
	leave?.();
	main.replaceChildren();
	for (const a of document.querySelectorAll('[data-nav]'))
		a.dataset.nav === nav ? a.setAttribute('aria-current', 'page') : a.removeAttribute('aria-current');
	leave = open() ?? null;
}

function follow(event) {
	const a = event.target.closest?.('a[href]');
	if (
		!a ||
		event.defaultPrevented ||
		event.button ||
		event.metaKey ||
		event.ctrlKey ||
		event.shiftKey ||
		a.target ||
		a.hasAttribute('download')
	)
		return;
	if (
		a.origin !== location.origin ||
		!/^\/($|submit|jobs\/)/.test(a.pathname) ||
		(a.hash && a.pathname === location.pathname)
	)
		return;
	event.preventDefault();
	go(a.pathname + a.search);
}

document.addEventListener('click', follow);
/* A jump within the page is one, too. */
addEventListener('popstate', () => shown === location.pathname + location.search || show());
startDrop(() => location.pathname.startsWith('/submit') || go('/submit'));
onNavigate(show);
startEvents();
startMachine();
show();
