/* Short messages at the edge of the page: what came of something that was asked. */
import { el } from './dom.js';

const STAY_MS = 9000;

/**
 * @param {string} text
 * @param {boolean} [bad] stays until it is closed
 */
export function toast(text, bad = false) {
	const box = el(
		'div',
		{ class: bad ? 'toast bad' : 'toast' },
		el('span', {}, text),
		el('button', { type: 'button', 'aria-label': 'Close this message', on: { click: () => box.remove() } }, '×')
	);
	const all = document.getElementById('toasts');
	all.append(box);
	while (all.children.length > 4) all.firstElementChild.remove();
	if (!bad) setTimeout(() => box.remove(), STAY_MS);
}

/**
 * Puts text on the clipboard and says so.
 * @param {string} text
 * @param {string} what "The table"
 */
export async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		toast(`${what} is on the clipboard.`);
	} catch {
		toast(
			copyOld(text) ? `${what} is on the clipboard.` : 'The browser does not allow this page to copy.',
			false
		);
	}
}

/* Pages without TLS have no clipboard of the new kind. */
function copyOld(text) {
	const area = el('textarea', { class: 'quiet', 'aria-hidden': 'true', value: text });
	const before = document.activeElement;
	document.body.append(area);
	area.select();
	const ok = document.execCommand('copy');
	area.remove();
	before?.focus?.();
	return ok;
}
