/* Structures as they are typed or chosen, made ready for the server's check. */

const CHECKED_BYTES = 2e6;

/**
 * The lines that say something.
 * @param {string} text
 */
export function lines(text) {
	return text
		.split(/\r?\n/)
		.map(s => s.trim())
		.filter(Boolean);
}

/**
 * "CCO ethanol" is a SMILES and its name; what begins with | belongs to the SMILES.
 * @param {string} line
 * @returns {{smiles: string, name?: string}}
 */
export function splitLine(line) {
	const m = /^(\S+)\s+([^|].*)$/.exec(line);
	return m ? { smiles: m[1], name: m[2] } : { smiles: line };
}

/**
 * What to ask about the text of the form.
 * @param {string} text
 * @param {string} [preset]
 */
export function textCheck(text, preset) {
	const all = lines(text);
	return all.length > 1
		? { structure: `${all.join('\n')}\n`, filename: 'page.smi', preset }
		: { smiles: splitLine(all[0]).smiles, preset };
}

/**
 * What to ask about a file; null when it is no text: then it is looked at when it
 * is submitted.
 * @param {File} file
 * @param {string} [preset]
 */
export async function fileCheck(file, preset) {
	if (file.size > CHECKED_BYTES) return null;
	try {
		const structure = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
		return structure.includes('\0') ? null : { structure, filename: file.name, preset };
	} catch {
		return null;
	}
}
