/* Reads the files of result folders with programs of other people, the way their users
 * do, and prints what these saw as JSON: one object, by folder.
 *
 *   node read.mjs FOLDER... */
import { readFile } from 'node:fs/promises';

import { fileCollectionFromPath } from 'filelist-utils';
import { convert } from 'jcampconverter';
import { fromJCAMP } from 'nmr-parser';
import { NmrRecord } from 'nmredata';

/* Where a curve is highest, in ppm; `least` is the lowest height that counts. */
function maxima({ x, y }, least = 0.4) {
  const found = [];
  for (let i = 1; i + 1 < y.length; i++) {
    if (y[i] >= least && y[i] > y[i - 1] && y[i] >= y[i + 1]) found.push({ ppm: x[i], height: y[i] });
  }
  return found;
}

/* Elements in the order of the molblock. */
function elements(record) {
  const { molecule, map } = record.getMoleculeAndMap();
  const list = [];
  map.forEach((place, atom) => { list[place] = molecule.getAtomLabel(atom); });
  return list;
}

function spectrum(tag) {
  if (!tag) return null;
  const values = tag.data.map((line) => line.value);
  return {
    said: tag.headComment,
    larmor: Number(values.find((v) => v.larmor).larmor),
    signals: values.filter((v) => v.delta).map((v) => ({ shift: Number(v.delta), labels: v.assignment, n: Number(v.nbAtoms) })),
  };
}

async function nmredata(folder) {
  const record = await NmrRecord.fromFileCollection(await fileCollectionFromPath(folder));
  const tags = record.getNMReData();
  const whole = await record.toJSON();
  return {
    files: record.getSDFList(),
    version: tags.VERSION.data[0].value,
    level: tags.LEVEL.data[0].value,
    solvent: tags.SOLVENT.data[0].value,
    id: Object.assign({}, ...tags.ID.data.map((line) => line.value)),
    elements: elements(record),
    assignment: (tags.ASSIGNMENT?.data ?? []).map(({ value }) => (
      { label: value.label, shift: Number(value.shift[0]), atoms: value.atoms.map(Number) })),
    spectra: { '1H': spectrum(tags['1D_1H']), '13C': spectrum(tags['1D_13C']) },
    /* The files that the record points to, as far as they are there. */
    jcamp: whole.spectra.flatMap((s) => s.source.file).filter((f) => f.type === 'jcamp').map((f) => f.name.replace(/.*\//, '')),
  };
}

function jcampconverter(bytes) {
  const { flatten } = convert(bytes, { keepRecordsRegExp: /.*/ });
  const [entry] = flatten;
  const [curve] = entry.spectra;
  return {
    blocks: flatten.length,
    title: entry.title,
    type: entry.dataType,
    nucleus: entry.xType,
    units: curve.xUnits,
    points: curve.data.x.length,
    first: curve.data.x[0],
    last: curve.data.x.at(-1),
    signals: entry.meta.SIGNALS.split('\n').slice(1),
    maxima: maxima(curve.data),
  };
}

function nmrparser(bytes) {
  const [spectrum] = fromJCAMP(bytes);
  const { nucleus, solvent, originFrequency } = spectrum.info;
  return { nucleus: nucleus[0], solvent, frequency: originFrequency,
    maxima: maxima(spectrum.dependentVariables[0].components[0].data) };
}

const seen = {};
for (const folder of process.argv.slice(2)) {
  seen[folder] = { nmredata: await nmredata(folder), jcampconverter: {}, nmrparser: {} };
  for (const nucleus of ['1H', '13C']) {
    const bytes = await readFile(`${folder}/spectrum-${nucleus}.jdx`);
    seen[folder].jcampconverter[nucleus] = jcampconverter(bytes);
    seen[folder].nmrparser[nucleus] = nmrparser(bytes);
  }
}
console.log(JSON.stringify(seen));
