/* Going to another page of this program without loading it anew. */

let show = () => {};

/**
 * @param {() => void} fn draws the page of the present address
 */
export function onNavigate(fn) {
	show = fn;
}

/**
 * @param {string} path
 */
export function go(path) {
	history.pushState(null, '', path);
	show();
	scrollTo(0, 0);
	document.getElementById('main').focus({ preventScroll: true });
}
