/* A spectrum to look into: zoom, labels, signals linked with the molecule. */
import { DARK, el, setText } from './dom.js';
import { curve } from './curve.js';
import { HEIGHT, plotOptions } from './plot.js';
import { NUCLEI, count, number, subscripts } from './words.js';

const NEAR_PX = 22;
const MIN_SPAN = { '1H': 0.1, '13C': 2 };

let uplot = null;

/* uPlot and its style, when the first spectrum is drawn. */
function load() {
	if (!uplot) {
		document.head.append(el('link', { rel: 'stylesheet', href: '/static/vendor/uplot/uPlot.min.css' }));
		uplot = import('/static/vendor/uplot/uPlot.esm.js').then(m => m.default);
	}
	return uplot;
}

function nearest(u, signals) {
	if (u.cursor.left === null || u.cursor.left === undefined || u.cursor.left < 0) return null;
	let best = null,
		far = NEAR_PX;
	for (const s of signals) {
		const d = Math.abs(u.valToPos(s.shift, 'x') - u.cursor.left);
		if (d < far) {
			best = s;
			far = d;
		}
	}
	return best;
}

/* Deuterium from these solvents takes the place of exchangeable hydrogens. */
const EXCHANGING = new Set(['water', 'methanol']);

function visible(model, nucleus) {
	const gone = nucleus === '1H' && EXCHANGING.has(model.doc.level?.solvent);
	return gone ? model.signals[nucleus].filter(s => !s.exchangeable) : model.signals[nucleus];
}

function note(model, nucleus, shown) {
	const words = ['Drag over a part or use the buttons to enlarge it, double-click to see all.'];
	if (nucleus === '1H') words.push('Couplings are not computed.');
	if (model.signals[nucleus].length > shown.length)
		words.push(
			`Exchangeable hydrogens are not drawn: ${subscripts(model.doc.level.deuterated ?? 'the solvent')} exchanges them.`
		);
	if (shown.some(s => s.exchangeable))
		words.push('Dashed: exchangeable hydrogens, their position depends on conditions.');
	return words.join(' ');
}

function reading(s) {
	const sure = s.uncertainty ? ` ± ${number(s.uncertainty, 2)}` : '';
	return `${s.label}: ${number(s.shift, 2)} ppm${sure}, ${s.type ?? ''} ${s.atoms.length > 1 ? 'atoms' : 'atom'} ${s.atoms.join(', ')}`;
}

class Spectrum {
	constructor(model, nucleus) {
		this.model = model;
		this.nucleus = nucleus;
		this.signals = visible(model, nucleus);
		this.data = curve(nucleus, this.signals);
		this.keys = new Set();
		this.box = el('div', {
			class: 'plot',
			tabindex: 0,
			role: 'application',
			'aria-label': this.spoken(),
			on: { keydown: e => this.key(e) },
		});
		this.say = el('p', { class: 'reading sans', 'aria-live': 'polite' });
		this.node = this.build();
	}

	spoken() {
		const what = `Predicted ${NUCLEI[this.nucleus]} spectrum with ${count(this.signals.length, 'signal')}.`;
		return `${what} Left and right arrows go from signal to signal, plus and minus zoom, 0 shows all. The table has the same values.`;
	}

	build() {
		const button = (text, name, fn) =>
			el(
				'button',
				{ type: 'button', class: 'small', 'aria-label': name, title: name, on: { click: fn } },
				text
			);
		return el(
			'figure',
			{ class: 'spectrum' },
			el(
				'div',
				{ class: 'spectrum-head' },
				el('h3', {}, `${NUCLEI[this.nucleus]} spectrum`),
				this.say,
				el(
					'div',
					{ class: 'plot-tools' },
					button('+', 'Zoom in', () => this.zoom(0.5)),
					button('−', 'Zoom out', () => this.zoom(2)),
					button('‹', 'To higher shifts', () => this.pan(0.35)),
					button('›', 'To lower shifts', () => this.pan(-0.35)),
					button('All', 'All of the spectrum', () => this.zoom(Infinity))
				)
			),
			this.box,
			el('figcaption', {}, note(this.model, this.nucleus, this.signals))
		);
	}

	async start() {
		const UPlot = await load();
		if (!this.box.isConnected) return;
		this.u = new UPlot(plotOptions(this.box, this.signals, this.data, this), this.data.data, this.box);
		this.u.over.addEventListener('click', () => this.clicked());
		this.u.over.addEventListener('mouseleave', () => {
			this.pointed = null;
			this.model.link.hover(null);
		});
		this.model.link.watch(keys => this.mark(keys));
		this.resize = new ResizeObserver(
			() => this.box.clientWidth && this.u.setSize({ width: this.box.clientWidth, height: HEIGHT })
		);
		this.resize.observe(this.box);
		DARK.addEventListener(
			'change',
			(this.redraw = () => this.u.redraw(false, true))
		);
		this.zoomed();
	}

	end() {
		this.resize?.disconnect();
		if (this.redraw) DARK.removeEventListener('change', this.redraw);
		this.u?.destroy();
	}

	clicked() {
		const s = nearest(this.u, this.signals);
		if (s) this.model.link.keep([s.key]);
	}

	point(u) {
		const s = nearest(u, this.signals);
		if (s?.key === this.pointed) return;
		this.pointed = s?.key;
		this.model.link.hover(s ? [s.key] : null);
	}

	mark(keys) {
		this.keys = keys;
		const mine = this.signals.filter(s => keys.has(s.key));
		setText(this.say, mine.map(reading).join('; '));
		this.u.redraw(false, false);
	}

	zoomed() {
		if (this.u)
			this.box.classList.toggle(
				'zoomed',
				this.u.scales.x.max - this.u.scales.x.min < this.data.whole[1] - this.data.whole[0] - 1e-9
			);
	}

	view(lo, hi) {
		const [a, b] = this.data.whole,
			span = Math.min(b - a, Math.max(MIN_SPAN[this.nucleus], hi - lo));
		const min = Math.min(b - span, Math.max(a, (lo + hi) / 2 - span / 2));
		this.u?.setScale('x', { min, max: min + span });
	}

	zoom(factor) {
		if (!this.u) return;
		const { min, max } = this.u.scales.x,
			marked = this.signals.find(s => this.keys.has(s.key));
		const middle = marked && factor < 1 ? marked.shift : (min + max) / 2,
			half = Math.min(1e4, ((max - min) * factor) / 2);
		this.view(middle - half, middle + half);
	}

	pan(share) {
		if (!this.u) return;
		const { min, max } = this.u.scales.x,
			by = (max - min) * share;
		this.view(min + by, max + by);
	}

	step(by) {
		const at = this.signals.findIndex(s => this.keys.has(s.key));
		const next =
			at < 0
				? by > 0
					? 0
					: this.signals.length - 1
				: Math.min(this.signals.length - 1, Math.max(0, at + by));
		const s = this.signals[next];
		if (s && next !== at) this.model.link.keep([s.key]);
	}

	key(e) {
		const does = {
			ArrowRight: () => this.step(1),
			ArrowLeft: () => this.step(-1),
			'+': () => this.zoom(0.5),
			'=': () => this.zoom(0.5),
			'-': () => this.zoom(2),
			0: () => this.zoom(Infinity),
			Escape: () => this.model.link.keep(null),
		}[e.key];
		if (!does || e.ctrlKey || e.metaKey || e.altKey) return;
		e.preventDefault();
		does();
	}
}

/**
 * @param {import('./model.js').Model} model
 * @param {'1H'|'13C'} nucleus
 */
export function spectrum(model, nucleus) {
	return new Spectrum(model, nucleus);
}
