/* What is said about a prediction: warnings, the paragraph of computational details,
 * references. Only what was done is said: no scaling where there is none, no
 * program that did not run. Warnings of nmr-mol (ions, zwitterions, tautomers,
 * isotopes) are passed on as they are and not said twice. Pure; never logs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nmr/predict-internal.h"

static void warn(json_t *list, const char *code, char *text)
{
	json_array_append_new(list, json_pack("{s:s,s:s}", "code", code, "text", text));
	free(text);
}

static bool any_group(const json_t *mol, const char *flag, const char *element)
{
	const json_t *g;
	size_t i;
	json_array_foreach(json_arr(mol, "groups"), i, g)
		if (json_flag(g, flag, false) && str_eq(json_str(g, "element", ""), element))
			return true;
	return false;
}

static void warn_solvent(const struct predict_input *in, json_t *list)
{
	const struct solvent *s = in->solvent;
	if (s->aromatic)
		warn(list, "aromatic-solvent",
		     xasprintf("%s is aromatic: its ring currents shift signals of the solute by some tenths of a ppm, which "
			       "a continuum solvent does not show.", s->name));
	if (s->protic)
		warn(list, "protic-solvent",
		     xasprintf("%s makes hydrogen bonds to the solute, which a continuum solvent does not show.", s->name));
	if (s->alpb_note)
		warn(list, "solvent-substitution", xstrdup(s->alpb_note));
}

static void warn_exchange(const struct predict_input *in, json_t *list)
{
	if (!any_group(in->mol, "exchangeable", "H"))
		return;
	if (in->solvent->exchanges)
		warn(list, "exchanged-hydrogens",
		     xasprintf("OH, NH and SH hydrogens exchange with %s and are not seen; the spectrum leaves them out.",
			       in->solvent->deuterated));
	else
		warn(list, "exchangeable-hydrogens",
		     xstrdup("Shifts of OH, NH and SH hydrogens depend on concentration, water and temperature: take the "
			     "computed values as those of an isolated molecule."));
}

/* Nuclei whose level has no factors: both, or one of them. */
static void warn_uncalibrated(const struct predict_input *in, const struct scaling *const scaling[2], json_t *list)
{
	const struct level *h = in->preset->shield_h, *c = in->preset->shield_c;
	if (scaling[0] && scaling[1])
		return;
	bool both = !scaling[0] && !scaling[1];
	_cleanup_free_ char *levels = both && h != c ? xasprintf("%s (1H) and %s (13C)", h->text, c->text)
						     : xstrdup(scaling[0] ? c->text : h->text);
	warn(list, "uncalibrated",
	     xasprintf("Uncalibrated%s: there are no scaling factors for %s // %s in %s. %s are referenced to TMS and benzene at "
		       "the same level and carry no uncertainty.", both ? "" : scaling[0] ? " (13C)" : " (1H)", levels,
		       in->geometry_text, in->solvent->name, both ? "Shifts" : scaling[0] ? "Shifts of 13C" : "Shifts of 1H"));
}

json_t *predict_warnings(const struct predict_input *in, const struct scaling *const scaling[2])
{
	json_t *list = json_array();
	const json_t *w;
	size_t i;
	if (in->geometry_kept)
		warn(list, "uncalibrated", xstrdup("Uncalibrated: the geometry of the file was kept. Shifts are referenced to "
						   "TMS and benzene at the same level."));
	else
		warn_uncalibrated(in, scaling, list);
	if (!in->geometry_kept && (predict_is_transferred(in, scaling[0]) || predict_is_transferred(in, scaling[1])))
		warn(list, "transferred",
		     xasprintf("The scaling factors were fitted to shifts measured in chloroform and are used for %s: "
			       "uncertainties are wider, and what the solvent does beyond its polarity (hydrogen bonds, "
			       "rings) is not computed.", in->solvent->name));
	for (int k = 0; k < 2 && !in->geometry_kept; k++)
		if (scaling[k] && scaling[k]->warning && (k == 0 || !scaling[0] || !scaling[0]->warning))
			warn(list, "scaling", xstrdup(scaling[k]->warning));
	json_array_foreach(json_arr(in->mol, "warnings"), i, w)
		json_array_append(list, json_array_get(json_arr(in->mol, "warnings"), i));
	warn_solvent(in, list);
	warn_exchange(in, list);
	if (any_group(in->mol, "heavy_halogen", "C"))
		warn(list, "heavy-halogen", xstrdup("Carbons that carry Br or I come out far too high: spin-orbit effects are "
						    "not part of the calculation."));
	if (any_group(in->mol, "chlorine", "C"))
		warn(list, "chlorine", xstrdup("Carbons that carry Cl come out a few ppm too high for each Cl: spin-orbit effects "
					       "are not part of the calculation."));
	return list;
}

/* "NWChem 7.0.2", or the bare name where the version is not known. */
static void add_program(const struct predict_input *in, struct buf *b, const char *name, const char *key)
{
	const char *version = in->programs ? json_str(in->programs, key, NULL) : NULL;
	buf_addf(b, "%s%s%s", name, version ? " " : "", version ? version : "");
}

static void add_cosmo(const struct predict_input *in, struct buf *b)
{
	if (in->solvent->nwchem)
		buf_addf(b, " (COSMO, %s)", in->solvent->name);
	else
		buf_adds(b, " (gas phase)");
}

static void say_geometry(const struct predict_input *in, struct buf *b)
{
	const struct preset *p = in->preset;
	if (in->geometry_kept) {
		buf_adds(b, "The geometry was taken as given. ");
		return;
	}
	if (in->crest) {
		buf_adds(b, "Conformers were searched with ");
		add_program(in, b, "CREST", "crest");
	} else {
		buf_addf(b, "Conformers were generated with %s%s%s, as implemented in ",
			 in->embedder ? in->embedder : "ETKDGv3", in->force_field ? ", and relaxed with " : "", in->force_field ? in->force_field : "");
		add_program(in, b, "RDKit", "rdkit");
		buf_adds(b, ",");
	}
	buf_adds(b, " and optimised with GFN2-xTB");
	if (in->solvent->alpb)
		buf_addf(b, " (ALPB, %s)", in->solvent->alpb_note ? in->solvent->alpb : in->solvent->name);
	buf_adds(b, " using ");
	add_program(in, b, "xtb", "xtb");
	buf_adds(b, in->single ? "; the one of lowest energy was taken. " : ". ");
	int most = in->conformers_max ? in->conformers_max : p->conformers_dft_max;
	if (in->screened)
		buf_addf(b, "Those within %.1f kcal/mol (at most %d) were ranked by single points at %s. ", p->window_xtb,
			 in->screened_max ? in->screened_max : p->conformers_screen_max, p->screen->text);
	if (!p->optimise) {
		if (!in->single && in->screened)
			buf_addf(b, "The lowest ones within %.1f kcal/mol (at most %d) were kept, up to %.0f %% of the population. ",
				 fmin(p->window_screen, p->window_dft), most, 100 * p->population);
		return;
	}
	if (in->single)
		buf_addf(b, "It was optimised at %s", p->optimise->text);
	else
		buf_addf(b, "The lowest ones within %.1f kcal/mol (at most %d) were optimised at %s",
			 in->screened ? p->window_screen : p->window_xtb, most, p->optimise->text);
	add_cosmo(in, b);
	buf_adds(b, " with ");
	add_program(in, b, "NWChem", "nwchem");
	if (in->single)
		buf_adds(b, ". ");
	else
		buf_addf(b, "; those within %.1f kcal/mol were kept, up to %.0f %% of the population. ", p->window_dft, 100 * p->population);
}

static void say_shieldings(const struct predict_input *in, struct buf *b)
{
	const struct preset *p = in->preset;
	buf_addf(b, "GIAO shieldings were computed at %s", p->shield_h->text);
	if (p->shield_c != p->shield_h)
		buf_addf(b, " (1H) and %s (13C)", p->shield_c->text);
	add_cosmo(in, b);
	buf_adds(b, " with ");
	add_program(in, b, "NWChem", "nwchem");
	if (in->n > 1)
		buf_addf(b, " and Boltzmann-averaged over %d conformers at %.2f K with %s %s", in->n, in->temperature_k,
			 in->weights_text ? in->weights_text : "GFN2-xTB",
			 in->free_energy ? "energies and mRRHO free-energy corrections of GFN2-xTB" : "energies");
	buf_adds(b, ". Equivalent nuclei were averaged. ");
}

static void say_line(const struct scaling *s, struct buf *b)
{
	buf_addf(b, "delta(%s) = %.4f %c %.5f sigma", s->nucleus, s->intercept, s->slope < 0 ? '-' : '+', fabs(s->slope));
	bool any = false;
	for (size_t i = 0; i < s->nkinds; i++) {
		const struct scaling_kind *k = &s->kind[i];
		if (k->offset == 0)
			continue;
		buf_addf(b, "%s %c%.2f for %s", any ? "," : ", plus by kind of carbon (X: a heteroatom)", k->offset < 0 ? '-' : '+',
			 fabs(k->offset), k->environment);
		any = true;
	}
}

static void say_shifts(const struct predict_input *in, const struct scaling *const scaling[2], struct buf *b)
{
	const struct scaling *h = in->geometry_kept ? NULL : scaling[0], *c = in->geometry_kept ? NULL : scaling[1];
	const struct scaling *any = h ? h : c;
	if (any) {
		buf_addf(b, "Shifts%s are linear functions of the shieldings: ", h && c ? "" : h ? " of 1H" : " of 13C");
		say_line(any, b);
		if (h && c) {
			buf_adds(b, "; ");
			say_line(c, b);
		}
		buf_addf(b, " (%s%s).", any->source, predict_is_transferred(in, any) ? "; fitted in chloroform" : "");
	}
	if (h && c)
		return;
	buf_addf(b, "%s are referenced to TMS (sp3) and benzene (sp2 and sp; %.2f and %.2f ppm) computed at the same "
		    "level; the level is not calibrated.", h ? " Those of 13C" : c ? " Those of 1H" : "Shifts", in->solvent->benzene_h, in->solvent->benzene_c);
}

json_t *predict_methods(const struct predict_input *in, const struct scaling *const scaling[2])
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	say_geometry(in, &b);
	say_shieldings(in, &b);
	say_shifts(in, scaling, &b);
	return json_string(b.s);
}

static void cite(json_t *list, const char *text) { json_array_append_new(list, json_string(text)); }

json_t *predict_references(const struct predict_input *in, const struct scaling *const scaling[2])
{
	json_t *l = json_array();
	const struct preset *p = in->preset;
	if (in->crest)
		cite(l, "CREST: P. Pracht, F. Bohle, S. Grimme, Phys. Chem. Chem. Phys. 2020, 22, 7169");
	if (in->crest && in->programs && strtol(json_str(in->programs, "crest", ""), NULL, 10) >= 3)
		cite(l, "CREST 3: P. Pracht et al., J. Chem. Phys. 2024, 160, 114110");
	if (in->free_energy)
		cite(l, "Single-point Hessian: S. Spicher, S. Grimme, J. Chem. Theory Comput. 2021, 17, 1701");
	cite(l, "RDKit: open-source cheminformatics, https://www.rdkit.org");
	if (!in->geometry_kept) {
		if (in->embedder)
			cite(l, "KDG: S. Riniker, G. A. Landrum, J. Chem. Inf. Model. 2015, 55, 2562");
		cite(l, "ETKDGv3: S. Wang, J. Witek, G. A. Landrum, S. Riniker, J. Chem. Inf. Model. 2020, 60, 2044");
		if (str_eq(in->force_field, "MMFF94s"))
			cite(l, "MMFF94s: T. A. Halgren, J. Comput. Chem. 1999, 20, 720");
		if (str_eq(in->force_field, "UFF"))
			cite(l, "UFF: A. K. Rappe et al., J. Am. Chem. Soc. 1992, 114, 10024");
		cite(l, "GFN2-xTB: C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652");
		if (in->solvent->alpb)
			cite(l, "ALPB: S. Ehlert, M. Stahn, S. Spicher, S. Grimme, J. Chem. Theory Comput. 2021, 17, 4250");
	}
	cite(l, "NWChem: E. Apra et al., J. Chem. Phys. 2020, 152, 184102");
	const struct level *weights = p->optimise ? p->optimise : in->screened ? p->screen : NULL;
	if (weights && !in->geometry_kept)
		cite(l, weights->reference);
	cite(l, p->shield_h->reference);
	if (p->shield_c != p->shield_h)
		cite(l, p->shield_c->reference);
	if (weights && weights->dispersion && !in->geometry_kept)
		cite(l, "D3: S. Grimme, J. Antony, S. Ehrlich, H. Krieg, J. Chem. Phys. 2010, 132, 154104");
	cite(l, "GIAO: K. Wolinski, J. F. Hinton, P. Pulay, J. Am. Chem. Soc. 1990, 112, 8251");
	if (in->solvent->nwchem)
		cite(l, "COSMO: A. Klamt, G. Schuurmann, J. Chem. Soc. Perkin Trans. 2 1993, 799; D. M. York, M. Karplus, "
			"J. Phys. Chem. A 1999, 103, 11060");
	for (int k = 0; k < 2 && !in->geometry_kept; k++)
		if (scaling[k] && (k == 0 || !scaling[0] || !str_eq(scaling[0]->reference, scaling[1]->reference)))
			cite(l, scaling[k]->reference);
	if (in->geometry_kept || !scaling[0] || !scaling[1])
		cite(l, "Benzene reference: G. R. Fulmer et al., Organometallics 2010, 29, 2176");
	return l;
}
