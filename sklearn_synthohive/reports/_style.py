"""The look of a report's page: readable on a phone, on paper and in grey."""

__all__ = ["CSS"]

CSS = """
.shr { --ink: #1a1d21; --soft: #565e68; --line: #d9dee4; --paper: #fff;
  --good: #00664b; --look: #7a4b00; --bad: #a11e00; --none: #565e68;
  color: var(--ink); background: var(--paper); line-height: 1.5;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.shr * { box-sizing: border-box; }
.shr h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
.shr h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; padding-top: .8rem;
  border-top: 2px solid var(--line); }
.shr p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.shr .soft { color: var(--soft); font-size: .9rem; }
.shr .cards { display: grid; gap: .8rem; margin: 1.2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); }
.shr .card { border: 1px solid var(--line); border-left: 6px solid var(--none);
  border-radius: 6px; padding: .7rem .9rem; overflow-wrap: anywhere; }
.shr .card b { display: block; }
.shr .card .word { font-weight: 700; }
.shr .good { border-left-color: var(--good); }
.shr .good .word { color: var(--good); }
.shr .look { border-left: 6px dashed var(--look); }
.shr .look .word { color: var(--look); }
.shr .bad { border-left: 6px double var(--bad); }
.shr .bad .word { color: var(--bad); }
.shr ul.findings { list-style: none; margin: .6rem 0; padding: 0; max-width: 52rem; }
.shr ul.findings li { padding: .45rem 0 .45rem 6.6rem; position: relative;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.shr ul.findings .tag { position: absolute; left: 0; font-weight: 700;
  font-size: .85rem; top: .55rem; }
.shr .tag.serious { color: var(--bad); }
.shr .tag.notice { color: var(--look); }
.shr .scroll { overflow-x: auto; margin: .6rem 0; }
.shr table { border-collapse: collapse; font-size: .9rem; }
.shr caption { text-align: left; font-weight: 600; padding: .3rem 0; }
.shr th, .shr td { padding: .28rem .7rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
  font-weight: 400; }
.shr thead th { color: var(--soft); border-bottom: 2px solid var(--line);
  font-weight: 600; }
.shr th.name { text-align: left; white-space: normal; overflow-wrap: anywhere;
  min-width: 9rem; max-width: 26rem; }
.shr th.name small { display: block; color: var(--soft); font-size: .8rem;
  line-height: 1.3; }
.shr th.group { color: var(--soft); font-weight: 700; padding-top: .8rem; }
.shr .figures { display: grid; gap: .8rem; margin: .8rem 0;
  grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.shr .small { grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); }
.shr figure { margin: 0; border: 1px solid var(--line); border-radius: 6px;
  padding: .4rem; background: #fff; break-inside: avoid; }
.shr figure img { display: block; width: 100%; height: auto; }
.shr figcaption { font-size: .82rem; color: var(--soft); padding: .2rem .3rem; }
.shr details { margin: .6rem 0; }
.shr summary { cursor: pointer; font-weight: 600; }
.shr .sign { display: grid; gap: 1.4rem; margin: 1.6rem 0;
  grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
.shr .sign div { border-top: 1px solid var(--ink); padding-top: .2rem;
  color: var(--soft); font-size: .85rem; margin-top: 2rem; }
.shr .key { display: inline-block; width: 1.6rem; height: .7rem; margin: 0 .3rem 0 0;
  vertical-align: baseline; }
.shr .key.real { background: #0072b2; opacity: .45; }
.shr .key.synthetic { border-top: 3px solid #d55e00; height: .35rem; }
@media (max-width: 40rem) {
  .shr ul.findings li { padding-left: 0; }
  .shr ul.findings .tag { position: static; display: block; }
  .shr th, .shr td { padding: .25rem .45rem; }
  .shr th.name { min-width: 8rem; max-width: 11rem; }
  .shr thead th { white-space: normal; }
}
@media print { .shr { font-size: 11px; } .shr details { display: block; }
  .shr .scroll { overflow: visible; } }
"""
