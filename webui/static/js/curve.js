/* The curve of a predicted spectrum: Lorentzians of one width, as in the reports.
 * Pure. */

const AROUND = [0, 0.12, 0.25, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 3, 4, 5.5, 8, 12, 20];
const GRID = 1200;

/**
 * The whole range of the axis.
 * @param {'1H'|'13C'} nucleus
 * @param {{shift: number}[]} signals
 * @returns {[number, number]}
 */
export function range(nucleus, signals) {
	const unit = nucleus === '1H' ? 1 : 10,
		room = unit / 4;
	let lo = 0,
		hi = nucleus === '1H' ? 10 : 220;
	for (const s of signals) {
		lo = Math.min(lo, Math.floor((s.shift - room) / unit) * unit);
		hi = Math.max(hi, Math.ceil((s.shift + room) / unit) * unit);
	}
	return [lo, hi];
}

/**
 * Half the width of a line.
 * @param {'1H'|'13C'} nucleus
 * @param {[number, number]} whole
 */
export function halfWidth(nucleus, [lo, hi]) {
	return (hi - lo) / (nucleus === '1H' ? 1000 : 2000);
}

function intensity(x, signals, half) {
	let sum = 0;
	for (const s of signals) {
		const d = (x - s.shift) / half;
		sum += s.atoms.length / (1 + d * d);
	}
	return sum;
}

/**
 * Points of the curve: a grid everywhere, many around each line. Three columns for
 * uPlot: ppm, the sum of the firm signals, that of the exchangeable ones.
 * @param {'1H'|'13C'} nucleus
 * @param {{shift: number, atoms: number[], exchangeable: boolean}[]} signals
 */
export function curve(nucleus, signals) {
	const whole = range(nucleus, signals),
		half = halfWidth(nucleus, whole),
		[lo, hi] = whole;
	const firm = signals.filter(s => !s.exchangeable),
		loose = signals.filter(s => s.exchangeable);
	const xs = new Set(Array.from({ length: GRID + 1 }, (_, i) => lo + ((hi - lo) * i) / GRID));
	for (const s of signals) for (const a of AROUND) xs.add(s.shift + a * half).add(s.shift - a * half);
	const x = [...xs].filter(v => v >= lo && v <= hi).sort((a, b) => a - b);
	const y = x.map(v => intensity(v, firm, half));
	const reach = 20 * half;
	const z = x.map(v => (loose.some(s => Math.abs(v - s.shift) <= reach) ? intensity(v, loose, half) : null));
	return { data: [x, y, z], whole, top: Math.max(1, ...y, ...z.map(v => v ?? 0)) };
}
