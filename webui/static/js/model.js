/* The signals of a result and how they hang together: signal, atoms, the heavy
 * atom that a hydrogen sits on. Atom numbers are those shown to people, from 1. */

/**
 * @typedef {{key: string, nucleus: '1H'|'13C', label: string, atoms: number[], type: string|null, shift: number,
 *   shielding: number|null, uncertainty: number|null, uncertainty_reason: string|null, exchangeable: boolean}} Signal
 */

/* The heavy neighbour of each hydrogen of a V2000 molblock. */
function parents(molblock) {
	const rows = String(molblock ?? '').split('\n'),
		found = new Map();
	const natoms = Number(rows[3]?.slice(0, 3)),
		nbonds = Number(rows[3]?.slice(3, 6));
	if (!natoms || !Number.isFinite(nbonds)) return found;
	const element = i => rows[3 + i]?.slice(31, 34).trim();
	for (let k = 0; k < nbonds; k++) {
		const row = rows[4 + natoms + k] ?? '',
			a = Number(row.slice(0, 3)),
			b = Number(row.slice(3, 6));
		if (element(a) === 'H') found.set(a, b);
		if (element(b) === 'H') found.set(b, a);
	}
	return found;
}

function signals(shifts, nucleus) {
	return (shifts?.[nucleus] ?? [])
		.filter(s => Number.isFinite(s.shift))
		.map((s, i) => ({ ...s, nucleus, key: `${nucleus}:${i}` }));
}

/** What is marked, in all views at once. A click keeps it until the next one. */
class Link {
	constructor() {
		this.watchers = new Set();
		this.hovered = null;
		this.kept = null;
	}

	get keys() {
		return this.hovered ?? this.kept ?? new Set();
	}

	/** @param {Iterable<string>|null} keys */
	hover(keys) {
		this.hovered = keys ? new Set(keys) : null;
		this.tell();
	}

	/** @param {Iterable<string>|null} keys the same ones again: let go */
	keep(keys) {
		const next = keys ? new Set(keys) : null;
		const same = next && this.kept && next.size === this.kept.size && [...next].every(k => this.kept.has(k));
		this.kept = same ? null : next;
		this.tell();
	}

	/** @param {(keys: Set<string>) => void} fn */
	watch(fn) {
		this.watchers.add(fn);
	}

	tell() {
		const now = [[...this.keys].join(' '), [...(this.kept ?? [])].join(' ')].join('|');
		if (now === this.told) return;
		this.told = now;
		for (const fn of this.watchers) fn(this.keys);
	}
}

/** A result with its signals, and what is marked of it. */
export class Model {
	/** @param {any} doc shifts.json */
	constructor(doc) {
		this.doc = doc;
		this.link = new Link();
		/** @type {Record<string, Signal[]>} */
		this.signals = { '1H': signals(doc.shifts, '1H'), '13C': signals(doc.shifts, '13C') };
		this.all = [...this.signals['1H'], ...this.signals['13C']];
		this.parents = parents(doc.molecule?.molblock);
	}

	/** The atoms of the signals with these keys. @param {Set<string>} keys */
	atoms(keys) {
		return new Set(this.all.filter(s => keys.has(s.key)).flatMap(s => s.atoms));
	}

	/** The same in a drawing without hydrogens on carbon. @param {Set<string>} keys */
	heavyAtoms(keys) {
		return new Set([...this.atoms(keys)].map(a => this.parents.get(a) ?? a));
	}

	/** The signals of an atom and of its hydrogens. @param {number} atom */
	keysOf(atom) {
		return this.all.filter(s => s.atoms.some(a => a === atom || this.parents.get(a) === atom)).map(s => s.key);
	}
}
