/* The drawing board: openchemlib's editor, loaded when it is opened. What is drawn
 * becomes the SMILES of the form. */
import { debounced, el } from './dom.js';

/**
 * @param {() => string} smiles what the form has now
 * @param {(smiles: string) => void} drawn
 */
export function drawBoard(smiles, drawn) {
	const board = el('div', {
		class: 'board',
		role: 'application',
		'aria-label': 'Drawing board. With the keyboard, type a SMILES into the field above instead.',
	});
	const note = el('p', { class: 'soft sans' }, 'Loading the drawing board …');
	const node = el('details', { class: 'draw' }, el('summary', {}, 'Draw the molecule'), note, board);
	let editor = null,
		ended = false;
	const open = async () => {
		if (editor || !node.open) return;
		try {
			const ocl = await import('/static/vendor/openchemlib/openchemlib.js');
			if (ended) return;
			editor ??= start(ocl, board, smiles(), drawn);
			note.textContent = 'What you draw becomes the SMILES above.';
		} catch {
			note.textContent = 'The drawing board could not be loaded.';
		}
	};
	node.addEventListener('toggle', open);
	const end = () => {
		ended = true;
		editor?.destroy();
	};
	return { node, end };
}

function start(ocl, board, smiles, drawn) {
	const editor = new ocl.CanvasEditor(board, { initialMode: 'molecule' });
	try {
		if (smiles) editor.setMolecule(ocl.Molecule.fromSmiles(smiles));
	} catch {
		/* What cannot be read is not drawn. */
	}
	const told = debounced(() => drawn(editor.getMolecule().toIsomericSmiles()), 250);
	editor.setOnChangeListener(e => e.isUserEvent && e.type === 'molecule' && told());
	return editor;
}
