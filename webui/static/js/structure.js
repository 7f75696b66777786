/* The flat drawing, linked with everything else. openchemlib lays the molecule out
 * from the record's own topology, so its atoms have the record's numbers; of the
 * SVG that it makes only plain shapes are taken over. */
import { el, svg } from './dom.js';
import { number } from './words.js';

const OPTIONS = {
	suppressChiralText: true,
	suppressESR: true,
	suppressCIPParity: true,
	noStereoProblem: true,
	autoCrop: true,
	autoCropMargin: 34,
};
const SHAPES = {
	line: ['x1', 'y1', 'x2', 'y2', 'stroke-width'],
	polygon: ['points', 'stroke-width'],
	text: ['x', 'y', 'font-size'],
	path: ['d', 'stroke-width'],
};

/* Black follows the theme. */
function paint(from, to, name) {
	const colour = from.getAttribute(name);
	if (colour) to.setAttribute(name, colour === 'rgb(0,0,0)' ? 'currentColor' : colour);
}

function shape(from) {
	const to = svg(
		from.localName,
		Object.fromEntries(SHAPES[from.localName].map(a => [a, from.getAttribute(a)])),
		from.localName === 'text' ? from.textContent : null
	);
	paint(from, to, 'fill');
	paint(from, to, 'stroke');
	return to;
}

function layout(ocl, molblock) {
	const mol = ocl.Molecule.fromMolfile(molblock);
	for (let i = 0; i < mol.getAllAtoms(); i++) if (mol.getAtomicNo(i) !== 1) mol.setAtomMapNo(i, i + 1, false);
	mol.removeExplicitHydrogens(false);
	mol.inventCoordinates();
	const numbers = [];
	for (let i = 0; i < mol.getAllAtoms(); i++) {
		numbers.push(mol.getAtomMapNo(i));
		mol.setAtomMapNo(i, 0, false);
	}
	const text = mol.toSVG(560, 420, 'molecule', OPTIONS);
	/* Its style element would be one more thing for the page's policy to refuse. */
	const bare = text.replace(/<style>[^<]*<\/style>/, '');
	return { doc: new DOMParser().parseFromString(bare, 'image/svg+xml').documentElement, numbers, mol };
}

/* The middle of the widest gap between an atom's bonds, where a label has room. */
function outward(mol, i) {
	const angles = [];
	for (let k = 0; k < mol.getConnAtoms(i); k++) {
		const j = mol.getConnAtom(i, k);
		angles.push(Math.atan2(mol.getAtomY(j) - mol.getAtomY(i), mol.getAtomX(j) - mol.getAtomX(i)));
	}
	if (!angles.length) return [0, -1];
	angles.sort((a, b) => a - b);
	let best = 0,
		middle = -Math.PI / 2;
	angles.forEach((a, k) => {
		const gap = k + 1 < angles.length ? angles[k + 1] - a : angles[0] + 2 * Math.PI - a;
		if (gap > best + 1e-6) {
			best = gap;
			middle = a + gap / 2;
		}
	});
	return [Math.cos(middle), Math.sin(middle)];
}

function label(model, mol, i, n, circle) {
	const carbon = model.signals['13C'].find(s => s.atoms.includes(n));
	const [dx, dy] = outward(mol, i),
		far = mol.getAtomicNo(i) === 6 ? 8 : 13;
	const x = Number(circle.getAttribute('cx')) + dx * far,
		y = Number(circle.getAttribute('cy')) + dy * far;
	const anchor = Math.abs(dx) < 0.5 ? 'middle' : dx > 0 ? 'start' : 'end';
	return svg(
		'text',
		{ x, y: y + 2.3 + 2.5 * dy, 'text-anchor': anchor },
		svg('tspan', { class: 'atom-number' }, n),
		carbon && svg('tspan', { class: 'atom-shift', dx: 1.5 }, number(carbon.shift, 1))
	);
}

function atom(model, circle, n, element) {
	const keys = model.keysOf(n);
	const target = svg('circle', {
		class: 'atom',
		cx: circle.getAttribute('cx'),
		cy: circle.getAttribute('cy'),
		r: 11,
	});
	if (!keys.length) return { n, target };
	const said = model.all
		.filter(s => keys.includes(s.key))
		.map(s => `${s.label} ${number(s.shift, 2)} ppm`)
		.join(', ');
	target.setAttribute('role', 'button');
	target.setAttribute('tabindex', '0');
	target.setAttribute('aria-label', `Atom ${n}, ${element}: ${said}`);
	target.addEventListener('pointerenter', () => model.link.hover(keys));
	target.addEventListener('pointerleave', () => model.link.hover(null));
	target.addEventListener('click', () => model.link.keep(keys));
	target.addEventListener('keydown', e => {
		if (e.key !== 'Enter' && e.key !== ' ') return;
		e.preventDefault();
		model.link.keep(keys);
	});
	return { n, target };
}

function build(ocl, model) {
	const { doc, numbers, mol } = layout(ocl, model.doc.molecule.molblock);
	const circles = [...doc.querySelectorAll('circle[id]')].map(c => ({ c, i: Number(c.id.split(':').pop()) }));
	const atoms = circles
		.filter(({ i }) => numbers[i])
		.map(({ c, i }) => ({
			...atom(model, c, numbers[i], mol.getAtomLabel(i)),
			text: label(model, mol, i, numbers[i], c),
		}));
	const shapes = [...doc.children]
		.filter(n => n.localName in SHAPES && !n.classList.contains('event'))
		.map(shape);
	const [x, y, w, h] = doc.getAttribute('viewBox').split(' ').map(Number);
	const picture = svg(
		'svg',
		{
			class: 'structure',
			viewBox: `${x - 26} ${y} ${w + 52} ${h}`,
			width: Math.round((w + 52) * 2.2),
			role: 'group',
			'aria-label': 'Structure. Atoms can be chosen to mark their signals.',
		},
		svg(
			'g',
			{},
			atoms.map(a => a.target)
		),
		svg('g', { class: 'shapes' }, shapes),
		svg(
			'g',
			{ class: 'labels' },
			atoms.map(a => a.text)
		)
	);
	model.link.watch(keys => {
		const marked = model.heavyAtoms(keys);
		for (const a of atoms) a.target.classList.toggle('marked', marked.has(a.n));
	});
	return picture;
}

/**
 * The drawing in a figure of fixed height; the server's picture if it cannot be made.
 * @param {import('./model.js').Model} model
 * @param {string} fallback address of structure.svg
 */
export function structureFigure(model, fallback) {
	const place = el('div', { class: 'structure-place' });
	import('/static/vendor/openchemlib/openchemlib.js')
		.then(ocl => place.append(build(ocl, model)))
		.catch(() =>
			place.append(el('img', { src: fallback, alt: 'Structure with atom numbers and carbon shifts' }))
		);
	return el(
		'figure',
		{},
		place,
		el(
			'figcaption',
			{},
			'Atom numbers of the file, carbon shifts in ppm. Point at an atom, a signal or a row to see what belongs together.'
		)
	);
}
