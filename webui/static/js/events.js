/* The one stream of events of a page. It is closed while nobody looks at the
 * page: browsers allow few connections to one server, and people many tabs. */

const RETRY_MS = 5000;
const listeners = { change: new Set(), machine: new Set(), link: new Set() };
let source = null,
	timer = 0;

function tell(type, data) {
	for (const fn of listeners[type]) fn(data);
}

function received(type) {
	return event => {
		let data;
		try {
			data = JSON.parse(event.data);
		} catch {
			return;
		}
		tell(type, data);
	};
}

function lost() {
	tell('link', false);
	if (source?.readyState !== EventSource.CLOSED) return;
	source = null;
	clearTimeout(timer);
	timer = setTimeout(open, RETRY_MS);
}

function open() {
	clearTimeout(timer);
	if (source || document.hidden) return;
	source = new EventSource('/api/v1/events');
	/* What happened while there was no stream is not told again. */
	source.addEventListener('open', () => {
		tell('link', true);
		tell('change', null);
	});
	source.addEventListener('change', received('change'));
	source.addEventListener('machine', received('machine'));
	source.addEventListener('error', lost);
}

function close() {
	clearTimeout(timer);
	source?.close();
	source = null;
}

/**
 * Listens; the answer stops it.
 * @param {'change'|'machine'|'link'} type link: true connected, false lost
 * @param {(data: any) => void} fn
 * @returns {() => void}
 */
export function listen(type, fn) {
	listeners[type].add(fn);
	return () => listeners[type].delete(fn);
}

/** Opens the stream, and again whenever the page is looked at. */
export function startEvents() {
	document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
	open();
}
