/* The molecule in space: 3Dmol, loaded when its place comes into sight. */
import { DARK, colour, el } from './dom.js';
import { number } from './words.js';

const MARK = 0xd0021b;

function conformerText(c) {
	const facts = [
		c.energy_kcal !== null && c.energy_kcal !== undefined && `${number(c.energy_kcal, 2)} kcal/mol`,
		c.population !== null && c.population !== undefined && `${number(100 * c.population, 1)} %`,
	].filter(Boolean);
	return `Conformer ${c.id}${facts.length ? `: ${facts.join(', ')}` : ''}`;
}

class Viewer {
	constructor(geometry, model) {
		this.geometry = geometry;
		this.model = model;
		this.shown = { H: true, C: true, n: false };
		this.box = el('div', {
			class: 'viewer',
			role: 'img',
			'aria-label': 'The molecule in three dimensions. The table of shifts has the same values.',
		});
		this.note = el('p', { class: 'soft sans' }, ' ');
		this.node = el('figure', {}, this.tools(), this.box, this.note);
		this.watcher = new IntersectionObserver(seen => seen.some(s => s.isIntersecting) && this.start(), {
			rootMargin: '200px',
		});
		this.watcher.observe(this.box);
	}

	tools() {
		const list = this.geometry.conformers ?? [];
		const choose =
			list.length > 1 &&
			el(
				'label',
				{},
				'Shape ',
				el(
					'select',
					{ on: { change: e => this.show(list[Number(e.target.value)]) } },
					list.map((c, i) => el('option', { value: i }, conformerText(c)))
				)
			);
		const box = (key, text) =>
			el(
				'label',
				{},
				el('input', {
					type: 'checkbox',
					checked: this.shown[key],
					on: {
						change: e => {
							this.shown[key] = e.target.checked;
							this.labels();
						},
					},
				}),
				text
			);
		const shifts = this.geometry.h1_assignments || this.geometry.c13_assignments;
		return el(
			'div',
			{ class: 'viewer-tools sans' },
			choose,
			shifts && box('H', '¹H shifts'),
			shifts && box('C', '¹³C shifts'),
			box('n', 'Atom numbers')
		);
	}

	async start() {
		this.watcher.disconnect();
		try {
			const lib = await import('/static/vendor/3dmol/3Dmol.es6-min.js');
			if (!this.box.isConnected) return;
			this.v = (lib.createViewer ?? lib.default.createViewer)(this.box, {
				backgroundColor: colour('--faint'),
				antialias: true,
			});
			if (!this.v) throw new Error('no WebGL');
			this.show(this.geometry.conformers?.[0] ?? this.geometry);
			this.note.textContent = 'Drag to turn, scroll or pinch to zoom.';
			this.model.link.watch(keys => this.mark(keys));
			this.resize = new ResizeObserver(() => this.v.resize());
			this.resize.observe(this.box);
			DARK.addEventListener(
				'change',
				(this.theme = () => {
					this.v.setBackgroundColor(colour('--faint'));
					this.labels();
				})
			);
		} catch {
			this.note.textContent = 'This browser shows no 3D graphics. The geometry is among the downloads.';
		}
	}

	show(c) {
		if (!this.v) return;
		this.v.removeAllModels();
		const text = c.sdf ?? c.xyz;
		this.m = this.v.addModel(text, c.sdf ? 'sdf' : 'xyz', { keepH: true });
		this.v.setStyle({}, { stick: { radius: 0.13 }, sphere: { scale: 0.24 } });
		this.listen();
		this.v.zoomTo();
		this.labels();
	}

	listen() {
		const link = this.model.link;
		this.v.setHoverable(
			{},
			true,
			a => link.hover(this.model.all.filter(s => s.atoms.includes(a.index + 1)).map(s => s.key)),
			() => link.hover(null)
		);
		this.v.setClickable({}, true, a =>
			link.keep(this.model.all.filter(s => s.atoms.includes(a.index + 1)).map(s => s.key))
		);
	}

	labelOf(a) {
		const n = String(a.index + 1),
			map =
				a.elem === 'H'
					? this.geometry.h1_assignments
					: a.elem === 'C'
						? this.geometry.c13_assignments
						: null;
		const shift = this.shown[a.elem] ? map?.[n] : undefined;
		const ppm = shift !== undefined && shift !== null && number(shift, a.elem === 'H' ? 2 : 1);
		return [this.shown.n && n, ppm].filter(Boolean).join(': ');
	}

	labels() {
		if (!this.v) return;
		this.v.removeAllLabels();
		for (const a of this.m.selectedAtoms({})) {
			const text = this.labelOf(a);
			if (text)
				this.v.addLabel(text, {
					position: { x: a.x, y: a.y, z: a.z },
					fontSize: 11,
					inFront: true,
					alignment: 'center',
					padding: 2,
					fontColor: colour('--ink'),
					backgroundColor: colour('--paper'),
					backgroundOpacity: 0.72,
					borderThickness: 0,
				});
		}
		this.mark(this.model.link.keys);
	}

	mark(keys) {
		const atoms = this.model.atoms(keys);
		this.v.removeAllShapes();
		for (const a of this.m.selectedAtoms({}))
			if (atoms.has(a.index + 1))
				this.v.addSphere({ center: { x: a.x, y: a.y, z: a.z }, radius: 0.62, color: MARK, opacity: 0.45 });
		this.v.render();
	}

	end() {
		this.watcher.disconnect();
		this.resize?.disconnect();
		if (this.theme) DARK.removeEventListener('change', this.theme);
		/* Browsers allow few WebGL contexts at once: this one is given back. */
		this.box.querySelector('canvas')?.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
	}
}

/**
 * @param {any} geometry GET geometry.json, with xyz or sdf
 * @param {import('./model.js').Model} model
 */
export function viewer(geometry, model) {
	return new Viewer(geometry, model);
}
