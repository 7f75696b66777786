/* Files that wait to be submitted: dropped anywhere, or chosen on the form. */

const waiting = [];
const watchers = new Set();

function changed() {
	for (const fn of watchers) fn();
}

/** The files that wait, in order. @returns {readonly File[]} */
export function stagedFiles() {
	return waiting;
}

/**
 * Adds files; one of the same name and size is not added twice.
 * @param {Iterable<File>} files
 */
export function stageFiles(files) {
	for (const f of files)
		if (!waiting.some(w => w.name === f.name && w.size === f.size && w.lastModified === f.lastModified))
			waiting.push(f);
	changed();
}

/**
 * Takes one away.
 * @param {File} file
 */
export function unstage(file) {
	if (waiting.includes(file)) waiting.splice(waiting.indexOf(file), 1);
	changed();
}

/**
 * Calls fn when the files change; the answer stops it.
 * @param {() => void} fn
 * @returns {() => void}
 */
export function onStaged(fn) {
	watchers.add(fn);
	return () => watchers.delete(fn);
}

function hasFiles(event) {
	return event.dataTransfer?.types?.includes('Files');
}

/**
 * Watches the whole window.
 * @param {() => void} arrived after files were dropped
 */
export function startDrop(arrived) {
	const veil = document.getElementById('drop');
	let depth = 0;
	const end = () => {
		depth = 0;
		veil.hidden = true;
	};
	addEventListener('dragenter', e => {
		if (!hasFiles(e)) return;
		depth++;
		veil.hidden = false;
	});
	addEventListener('dragleave', e => hasFiles(e) && --depth <= 0 && end());
	addEventListener('dragover', e => hasFiles(e) && e.preventDefault());
	addEventListener('drop', e => {
		if (!hasFiles(e)) return;
		e.preventDefault();
		end();
		stageFiles(e.dataTransfer.files);
		arrived();
	});
}
