/* The command that repeats a job. Pure. */
import { plain } from './dom.js';

/* Quoted for a POSIX shell, when it has to be; without what a terminal might obey. */
function quoted(text) {
	const s = plain(text).replace(/\s+/g, ' ');
	return /^[\w@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`;
}

function structure(job, options) {
	const file = String(job.source ?? '')
		.split('/')
		.pop();
	if (options.geometry?.value === 'keep' || !job.input_smiles)
		return file.startsWith('-') ? `./${file}` : file || null;
	return job.input_smiles;
}

/**
 * @param {any} job
 * @returns {string|null} null when nothing is known to hand in again
 */
export function command(job) {
	const options = job.options ?? {},
		what = structure(job, options);
	if (!what) return null;
	const flags = Object.entries(options)
		.filter(([, o]) => o && o.origin !== 'default' && o.value !== '')
		.map(([name, o]) => [name.replaceAll('_', '-'), o.value]);
	if (job.name && what === job.input_smiles && !flags.some(([name]) => name === 'name'))
		flags.push(['name', job.name]);
	return ['nmr submit', ...flags.map(([name, value]) => `--${name} ${quoted(value)}`), quoted(what)].join(' ');
}
