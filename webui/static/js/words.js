/* Numbers, times and states in words. Pure. */

const SUB = '₀₁₂₃₄₅₆₇₈₉';

/** What each state is called. */
export const STATES = {
	queued: 'waiting',
	running: 'running',
	publishing: 'publishing',
	done: 'done',
	failed: 'failed',
	cancelled: 'cancelled',
	held: 'held',
};

/** What each stage is called. */
export const STAGES = {
	read: 'Read the file',
	prepare: 'Check the structure',
	conformers: 'Search conformers',
	rank: 'Rank with xTB',
	screen: 'Compare energies with DFT',
	optimise: 'Optimise with DFT',
	thermo: 'Free energies with xTB',
	shield: 'Compute shieldings',
	reference: 'Compute references',
	report: 'Write the report',
	publish: 'Publish',
};

/** The nuclei of the spectra. */
export const NUCLEI = { '1H': '¹H', '13C': '¹³C' };

/**
 * "C2H6O" with subscripts; CDCl3 too.
 * @param {string|null|undefined} s
 */
export function subscripts(s) {
	return String(s ?? '').replace(/([A-Za-z)\]])(\d+)/g, (_, a, d) => a + [...d].map(c => SUB[+c]).join(''));
}

/**
 * A duration: "45 s", "12 min", "3 h 20 min".
 * @param {number|null|undefined} s
 */
export function duration(s) {
	if (s === null || s === undefined || !Number.isFinite(s)) return '–';
	if (s < 10) return `${s < 0.05 ? 0 : s.toFixed(1)} s`;
	if (s < 90) return `${Math.round(s)} s`;
	const min = Math.round(s / 60);
	if (min < 90) return `${min} min`;
	const h = Math.floor(min / 60);
	return h < 48 ? `${h} h${min % 60 ? ` ${min % 60} min` : ''}` : `${Math.round(h / 24)} days`;
}

/**
 * Time that is left, said with the care it deserves.
 * @param {number|null|undefined} s
 */
export function left(s) {
	if (s === null || s === undefined) return '';
	return s < 10 ? 'a few seconds left' : `about ${duration(Math.round(s))} left`;
}

/**
 * A moment in the reader's own time.
 * @param {string|null|undefined} iso
 */
export function moment(iso) {
	const d = new Date(iso ?? NaN);
	if (Number.isNaN(d.getTime())) return '–';
	const today = d.toDateString() === new Date().toDateString();
	const time = d.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
	return today
		? `today ${time}`
		: `${d.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, ${time}`;
}

/**
 * A size of a file.
 * @param {number|null|undefined} n bytes
 */
export function size(n) {
	if (n === null || n === undefined) return '';
	if (n < 1000) return `${n} B`;
	return n < 1e6 ? `${Math.round(n / 1000)} kB` : `${(n / 1e6).toFixed(1)} MB`;
}

/**
 * A number with a fixed count of digits and a true minus, or a dash.
 * @param {number|null|undefined} x
 * @param {number} digits
 */
export function number(x, digits) {
	return x === null || x === undefined || !Number.isFinite(x) ? '–' : x.toFixed(digits).replace('-', '−');
}

/**
 * "1 molecule", "3 molecules".
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function count(n, one, many = `${one}s`) {
	return `${n} ${n === 1 ? one : many}`;
}

/**
 * Progress in percent, never 100 before the end.
 * @param {{state: string, progress: number|null}} job
 */
export function percent(job) {
	if (job.progress === null || job.progress === undefined) return null;
	return job.state === 'done' ? 100 : Math.min(99, Math.floor(job.progress * 100));
}

/**
 * How long a finished job took; '' for others.
 * @param {{state: string, started: string|null, finished: string|null}} job
 */
export function took(job) {
	const s = (Date.parse(job.finished) - Date.parse(job.started)) / 1000;
	return job.state === 'done' && Number.isFinite(s) ? `took ${duration(s)}` : '';
}
