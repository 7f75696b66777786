/* Style of the pages and what they all start with. Dark only on screens: paper
 * stays white. Print keeps tables and figures in one piece.
 *
 * Pure; never logs. */
#include "report/html-internal.h"

#include "report/text.h"

const char html_style[] =
"*{box-sizing:border-box}\n"
":root{--ink:#1b1b1b;--soft:#5c5f66;--line:#d9dade;--faint:#f4f5f7;--paper:#fff;--link:#12457e;\n"
"--curve:#12356b;--exch:#b4450c;--warn-bg:#fff7e0;--warn-line:#e0a800;--warn-ink:#5a4300;\n"
"--loud-bg:#fdeaea;--loud-line:#b00020;--loud-ink:#8a0018;--good:#1b7a3d;\n"
"--serif:Charter,'Bitstream Charter','Source Serif 4',Georgia,'Liberation Serif','DejaVu Serif',serif;\n"
"--sans:'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;color-scheme:light dark}\n"
"@media screen and (prefers-color-scheme:dark){:root{--ink:#e7e7e4;--soft:#a2a6ad;--line:#3a3d44;\n"
"--faint:#202329;--paper:#15171b;--link:#8ab8f2;--curve:#8fb9ff;--exch:#ff9b5e;--warn-bg:#2e2710;\n"
"--warn-line:#b98a00;--warn-ink:#f2d98a;--loud-bg:#3a1418;--loud-line:#ff6b7d;--loud-ink:#ffb3bd;--good:#6fd08f}}\n"
"html{-webkit-text-size-adjust:100%}\n"
"body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 var(--serif);\n"
"font-variant-numeric:lining-nums;overflow-wrap:break-word}\n"
"main{max-width:62rem;margin:0 auto;padding:2.2rem 1.4rem 4rem}\n"
"h1,h2,h3{line-height:1.2;font-weight:600;text-wrap:balance}\n"
"a{color:var(--link)}\n"
"table{border-collapse:collapse;width:100%;font:14px/1.4 var(--sans);font-variant-numeric:tabular-nums lining-nums}\n"
"th,td{padding:.32rem .6rem;text-align:left;vertical-align:baseline}\n"
"th:first-child,td:first-child{padding-left:.15rem}th:last-child,td:last-child{padding-right:.15rem}\n"
"thead th{font-weight:600;font-size:12.5px;color:var(--soft);border-bottom:1px solid var(--ink);white-space:nowrap}\n"
"thead tr:first-child th{border-top:2px solid var(--ink)}\n"
"tbody tr:last-child td,tbody tr:last-child th{border-bottom:2px solid var(--ink)}\n"
"tbody tr+tr td,tbody tr+tr th{border-top:1px solid var(--line)}\n"
".n{text-align:right;white-space:nowrap}.soft{color:var(--soft)}.nowrap{white-space:nowrap}\n"
".scroll{overflow-x:auto}\n"
"@media print{body{font-size:10.5pt}main{max-width:none;padding:0}table{font-size:9pt}\n"
"a{color:inherit;text-decoration:none}@page{margin:18mm 16mm}}\n";

const char html_style_report[] =
"header.top{border-bottom:2px solid var(--ink);padding-bottom:1rem;margin-bottom:1.4rem}\n"
"h1{font-size:2.3rem;margin:0 0 .25rem}\n"
"h2{font-size:1.35rem;margin:2.8rem 0 .8rem}\n"
"h3{font-size:1.02rem;margin:1.4rem 0 .5rem}\n"
".lead{margin:0;font-size:1.08rem;color:var(--soft)}\n"
".lead b{color:var(--ink);font-weight:600}\n"
".box{border-left:4px solid var(--warn-line);background:var(--warn-bg);color:var(--warn-ink);\n"
"padding:.7rem 1rem;margin:0 0 1rem;border-radius:0 4px 4px 0}\n"
".box p{margin:0}.box ul{margin:0;padding-left:1.1rem}.box li+li{margin-top:.3rem}\n"
".box.loud{border:2px solid var(--loud-line);background:var(--loud-bg);color:var(--loud-ink);border-radius:4px}\n"
".box.loud b{letter-spacing:.06em}\n"
".intro{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:1.2rem 2.4rem;align-items:center}\n"
".intro.wide{grid-template-columns:minmax(0,1fr)}.intro.wide img{max-height:40rem}\n"
"figure{margin:0}\n"
".intro img{display:block;max-width:100%;max-height:24rem;height:auto;margin:0 auto}\n"
"figcaption{font-size:.9rem;color:var(--soft);margin-top:.5rem}\n"
".spectrum{margin:1.4rem 0 2.2rem;break-inside:avoid}\n"
".spectrum svg{display:block;width:100%;height:auto}\n"
".spectrum figcaption{color:var(--ink)}\n"
".spectrum .paper{fill:none}.spectrum .ink{fill:var(--ink)}.spectrum .soft{fill:var(--soft)}\n"
".spectrum .axis{stroke:var(--ink)}.spectrum .lead{stroke:var(--soft)}.spectrum .curve{stroke:var(--curve)}\n"
".spectrum .exch{stroke:var(--exch)}.spectrum .exch-text{fill:var(--exch)}.spectrum .loud{fill:var(--loud-line)}\n"
".pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 2.6rem;align-items:start}\n"
"dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1.1rem;margin:0;font:14px/1.45 var(--sans)}\n"
"dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
"code{font:13px/1.45 'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace;overflow-wrap:anywhere}\n"
"tr.ex td:first-child,tr.ex th{border-left:2px dashed var(--exch);padding-left:.45rem}\n"
"tr.gone{color:var(--soft)}\n"
".tag{color:var(--exch);font-size:12px;white-space:nowrap}\n"
"sup.r{color:var(--soft);font-size:.7em;line-height:0;margin-left:.1em}\n"
".notes{font:13px/1.45 var(--sans);color:var(--soft);margin:.5rem 0 0;padding:0;list-style:none}\n"
".bar{display:inline-block;width:5.5rem;height:.62rem;background:var(--faint);border:1px solid var(--line);\n"
"border-radius:2px;margin-right:.55rem;vertical-align:-.02rem;overflow:hidden}\n"
".bar i{display:block;height:100%;background:var(--curve)}\n"
"ol.refs{padding-left:1.6rem;font-size:.92rem}ol.refs li+li{margin-top:.25rem}\n"
"summary{cursor:pointer;font:600 1.02rem var(--serif);margin:1.4rem 0 .5rem}\n"
"ul.files{columns:2;column-gap:2.4rem;padding:0;list-style:none;font:14px/1.6 var(--sans);margin:.4rem 0}\n"
"ul.files li{break-inside:avoid;margin-bottom:.25rem}\n"
"footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);font:13px/1.5 var(--sans);color:var(--soft)}\n"
"@media screen and (prefers-color-scheme:dark){.intro img{filter:invert(.9) hue-rotate(180deg)}}\n"
"@media (max-width:46rem){body{font-size:16px}main{padding:1.3rem 1rem 3rem}h1{font-size:1.75rem}\n"
".intro,.pair{grid-template-columns:minmax(0,1fr)}ul.files{columns:1}th,td{padding:.3rem .4rem}\n"
".spectrum{overflow-x:auto}.spectrum svg{min-width:31rem}}\n"
"@media print{h2{break-after:avoid}tr,.box,.intro{break-inside:avoid}.pair{display:block}}\n";

const char html_style_queue[] =
"h1{font-size:1.7rem;margin:0 0 .3rem}\n"
"p{margin:.2rem 0}\n"
".counts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:1.2rem 0;padding:0;list-style:none;font:14px/1.3 var(--sans)}\n"
".counts b{display:block;font:600 1.6rem/1.1 var(--serif)}\n"
".notice{border:2px solid var(--loud-line);background:var(--loud-bg);color:var(--loud-ink);padding:.6rem 1rem;\n"
"border-radius:4px;margin:1rem 0}\n"
"td.name{max-width:22rem;overflow-wrap:anywhere}\n"
"td .why{display:block;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}\n"
"progress{width:6.5rem;height:.7rem;vertical-align:-.05rem;margin-right:.4rem;accent-color:var(--curve)}\n"
".s-failed{color:var(--loud-line);font-weight:600}.s-done{color:var(--good)}.s-running,.s-publishing{font-weight:600}\n"
".s-queued,.s-held,.s-cancelled{color:var(--soft)}\n"
"@media (max-width:46rem){body{font-size:15px}main{padding:1.2rem .9rem}thead{display:none}\n"
"table,tbody,tr,td{display:block}tbody tr{padding:.55rem 0;border-top:1px solid var(--line)}\n"
"td{padding:.05rem 0!important;border:0!important;text-align:left}td.name{max-width:none;font-weight:600}\n"
"td:empty{display:none}}\n";

void html_head(struct buf *b, const char *title, const char *style, int refresh_s)
{
	buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'; img-src data:\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n");
	if (refresh_s > 0)
		buf_addf(b, "<meta http-equiv=\"refresh\" content=\"%d\">\n", refresh_s);
	html_elem(b, "title", "", title);
	buf_addf(b, "<style>\n%s%s</style>\n</head>\n<body>\n", html_style, style);
}

void html_elem(struct buf *b, const char *tag, const char *attributes, const char *text)
{
	buf_addf(b, "<%s%s%s>", tag, *attributes ? " " : "", attributes);
	text_html(b, text);
	buf_addf(b, "</%s>\n", tag);
}

void html_chem(struct buf *b, const char *text)
{
	_cleanup_free_ char *s = text_subscripts_new(text);
	text_html(b, s);
}
