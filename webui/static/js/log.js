/* The end of the output of what runs now, or of what failed; asked for only while
 * it is open. */
import { getText } from './api.js';
import { el, setText } from './dom.js';

const EVERY_MS = 5000;

/**
 * @param {string} id
 * @param {() => boolean} running
 */
export function logPanel(id, running) {
	const text = el('pre', { class: 'log', tabindex: 0, 'aria-label': 'Output of the program' });
	const node = el('details', {}, el('summary', {}, 'Output of the program'), text);
	let timer = 0;
	const load = async () => {
		clearTimeout(timer);
		if (!node.open || !node.isConnected) return;
		const atEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 8;
		try {
			setText(text, (await getText(`/jobs/${encodeURIComponent(id)}/log`)) || 'No output yet.');
		} catch (e) {
			setText(text, e.status === 404 ? 'No output.' : e.message);
		}
		if (atEnd) text.scrollTop = text.scrollHeight;
		if (running()) timer = setTimeout(load, EVERY_MS);
	};
	node.addEventListener('toggle', load);
	const show = wanted => {
		const again = wanted && node.hidden;
		node.hidden = !wanted;
		if (again) load();
	};
	return { node, show, end: () => clearTimeout(timer) };
}
