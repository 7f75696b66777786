/* Making elements. Text goes in as text alone: nothing here parses HTML, so a
 * name that looks like markup is shown as it was typed. */

/**
 * @typedef {Node|string|number|null|undefined|false} Child
 */

/* Controls and direction marks are never shown. */
const HARMFUL =
	/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g;

/**
 * Text of others as it may be shown.
 * @param {unknown} s
 * @returns {string}
 */
export function plain(s) {
	return String(s ?? '').replace(HARMFUL, '\uFFFD');
}

function apply(node, props) {
	for (const [key, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false) continue;
		if (key === 'on') for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
		else if (key === 'value' || key === 'checked' || key === 'selected') node[key] = value;
		else node.setAttribute(key, value === true ? '' : String(value));
	}
}

function append(node, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			node.append(child instanceof Node ? child : plain(child));
}

/**
 * An element with attributes (`on`: listeners) and children.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
	const node = document.createElement(tag);
	append(node, children);
	apply(node, props);
	return node;
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
	append(node, children);
	apply(node, props);
	return node;
}

/**
 * Sets a text only when it differs, so that nothing flickers and no screen
 * reader speaks twice.
 * @param {Node} node
 * @param {unknown} text
 */
export function setText(node, text) {
	const s = plain(text);
	if (node.textContent !== s) node.textContent = s;
}

/**
 * A part of a page that is drawn anew only when its data have changed.
 * @param {Element} node
 * @param {(data: any) => Child|Child[]} draw
 * @returns {(data: any) => void}
 */
export function part(node, draw) {
	let last;
	return data => {
		const now = JSON.stringify(data);
		if (now === last) return;
		last = now;
		const focused = node.contains(document.activeElement);
		node.replaceChildren();
		append(node, [draw(data)]);
		if (focused) node.querySelector('button, select, a')?.focus();
	};
}

/**
 * Calls fn at most once in `ms`, the last time never lost.
 * @param {() => void} fn
 * @param {number} ms
 */
export function throttled(fn, ms) {
	let timer = 0,
		last = 0;
	const run = () => {
		timer = 0;
		last = Date.now();
		fn();
	};
	const call = () => {
		if (!timer) timer = setTimeout(run, Math.max(0, last + ms - Date.now()));
	};
	call.stop = () => {
		clearTimeout(timer);
		timer = 0;
	};
	return call;
}

/**
 * Calls fn when it has been quiet for `ms`.
 * @param {(...args: any[]) => void} fn
 * @param {number} ms
 */
export function debounced(fn, ms) {
	let timer = 0;
	return (...args) => {
		clearTimeout(timer);
		timer = setTimeout(() => fn(...args), ms);
	};
}

/** Whether the page is dark; one object, so that its listeners can be taken away. */
export const DARK = matchMedia('(prefers-color-scheme: dark)');

/**
 * A colour of the theme as it is now.
 * @param {string} name of a custom property
 */
export function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
