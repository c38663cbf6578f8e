# SPDX-License-Identifier: GPL-2.0-or-later
"""matrix.html: one page with everything in it, that needs neither scripts nor other files."""
import collections
import html

import definition

# Letters and symbols say what colours say; the colours are of Okabe and Ito's palette, which everyone can distinguish.
LOOKS = {
    "accepted": ("✓", "#cfe8f7", "the kernel took it, and its user found every byte"),
    "cold-boot": ("○", "#f4ecc4", "the kernel booted without it: all is lost"),
    "eio": ("E", "#f3d6e6", "the kernel booted with it, and no session can be reached: EIO"),
    "panic": ("P", "#f6d3ba", "the kernel refused it with a panic"),
    "skipped": ("–", "#eeeeee", "did not run"),
    "not-run": ("–", "#eeeeee", "the run ended before"),
}
BROKEN = ("!", "#ffffff", "no leg may end so")

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #1a1a1a; background: #fff }
h1 { font-size: 1.5em; margin-bottom: .2em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse } th, td { border: 1px solid #bbb; padding: .35em .5em; text-align: left; vertical-align: top }
table.matrix td { min-width: 9.5em } th { background: #f6f6f6; font-weight: 600 } td.diagonal { outline: 2px solid #555; outline-offset: -2px }
a.leg { display: block; margin: .1em 0; padding: 0 .35em; color: inherit; text-decoration: none; border-radius: 3px; white-space: nowrap }
a.leg:hover, a.leg:focus { text-decoration: underline } a.leg b { display: inline-block; width: 1.2em }
.failed { border: 3px solid #b00020; font-weight: 700 }
section.log { display: none; position: fixed; inset: 3vh 3vw; background: #fff; border: 2px solid #333; padding: 1em 1.5em; overflow: auto;
  box-shadow: 0 0 0 100vmax rgba(0,0,0,.45) } section.log:target { display: block }
section.log .close { position: sticky; top: 0; float: right; background: #fff; border: 1px solid #333; padding: .2em .8em; color: inherit }
pre { font: 12px/1.35 ui-monospace, monospace; background: #f6f6f6; padding: .8em; white-space: pre-wrap; overflow-wrap: anywhere }
mark { background: #ffe58a; font-weight: 700 } summary { cursor: pointer } .key span { display: inline-block; padding: 0 .5em; border-radius: 3px; min-width: 6em }
dl { display: grid; grid-template-columns: max-content auto; gap: .2em 1em; margin: .6em 0 } dt { font-weight: 600 } dd { margin: 0 }
@media print { section.log { display: none !important } }
"""


def look(verdict):
    return LOOKS.get(verdict, BROKEN)


def anchor(leg):
    return f"{leg['producer']}-to-{leg['consumer']}-{leg['scenario']}".replace(" ", "-")


def chip(leg):
    symbol, colour, _ = look(leg["verdict"])
    failed = " failed" if leg["failures"] else ""
    title = html.escape(leg.get("reason") or leg["proof"] or leg["verdict"])
    shown = leg["scenario"] if leg["verdict"] in LOOKS else f"{leg['scenario']}: {leg['verdict']}"
    return (
        f'<a class="leg{failed}" style="background:{colour}" href="#{anchor(leg)}" title="{title}">'
        f"<b>{symbol}</b>{html.escape(shown)}</a>"
    )


def who(name):
    return html.escape(f"{name.replace('payload ', 'payload, format ')}" if "payload" in name else f"Linux {name}")


def same(producer, consumer):
    return producer == consumer or (consumer == "payload" and producer.startswith("payload "))


def table(legs):
    cells = collections.defaultdict(list)
    for leg in legs:
        cells[leg["producer"], leg["consumer"]].append(leg)
    head = "".join(f'<th scope="col">{who(consumer)}</th>' for consumer in definition.CONSUMERS)
    rows = []
    for producer in definition.PRODUCERS:
        row = "".join(
            f'<td{" class=diagonal" if same(producer, consumer) else ""}>{"".join(map(chip, cells[producer, consumer]))}</td>'
            for consumer in definition.CONSUMERS
        )
        rows.append(f'<tr><th scope="row">{who(producer)}</th>{row}</tr>')
    return (
        f'<table class="matrix"><thead><tr><th>hands over ↓<br>takes over →</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def marked(log, proof):
    lines = [html.escape(line) for line in log.splitlines()]
    wanted = html.escape(proof)
    if proof and wanted in lines:
        at = lines.index(wanted)
        lines[at] = f"<mark>{lines[at]}</mark>"
    return "\n".join(lines)


def log_section(leg, logs):
    facts = [
        ("expected", leg["expected"]),
        ("verdict", leg["verdict"] + (f": {leg['reason']}" if leg.get("reason") else "")),
        ("proof", leg["proof"]),
        ("kho check --for", leg["predicted"] or ""),
        ("time", f"{leg['seconds']:.1f} s" if leg["seconds"] else ""),
        ("wrong", "; ".join(leg["failures"])),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts if value)
    recorded = leg.get("recording_log")
    producer = f'<p><a href="#{recording_anchor(recorded)}">What the producer said</a></p>' if recorded in logs else ""
    log = f"<pre>{marked(logs[leg['log']], leg['proof'])}</pre>" if leg["log"] in logs else ""
    return (
        f'<section class="log" id="{anchor(leg)}"><a class="close" href="#top">close</a>'
        f"<h2>{who(leg['producer'])} → {who(leg['consumer'])}, {html.escape(leg['scenario'])}</h2>"
        f"<dl>{rows}</dl>{producer}{log}</section>"
    )


def recording_anchor(path):
    return "recording-" + path.rpartition("/")[2].removesuffix(".log")


def totals(legs):
    """Verdicts in the order of LOOKS, then those that may not be."""
    counts = collections.Counter(leg["verdict"] for leg in legs)
    order = [verdict for verdict in LOOKS if counts[verdict]] + sorted(set(counts) - set(LOOKS))
    return [(verdict, counts[verdict]) for verdict in order]


def skipped(legs):
    """[(reason, how many)]"""
    return sorted(collections.Counter(leg["reason"] for leg in legs if leg.get("reason")).items())


def page(legs, logs):
    """`logs`: what the legs' paths stand for."""
    failed = [leg for leg in legs if leg["failures"]]
    missed = sum(leg["verdict"] == "not-run" for leg in legs)
    key = "".join(
        f'<tr><td><span style="background:{look(verdict)[1]}">{look(verdict)[0]} {verdict}</span></td>'
        f"<td>{count}</td><td>{look(verdict)[2]}</td></tr>"
        for verdict, count in totals(legs)
    )
    wrong = "".join(
        f'<li><a href="#{anchor(leg)}">{who(leg["producer"])} → {who(leg["consumer"])}, {html.escape(leg["scenario"])}</a>: '
        f"{html.escape('; '.join(leg['failures']))}</li>"
        for leg in failed
    )
    without = "".join(f"<li>{count} legs: {html.escape(reason)}</li>" for reason, count in skipped(legs))
    ran = [leg for leg in legs if leg["verdict"] not in ("skipped", "not-run")]
    verdict = f"{len(failed)} of {len(ran)} legs are not as expected" if failed else f"All {len(ran)} legs are as expected"
    if not ran:
        verdict = "No leg ran"
    elif missed:
        verdict += f", and {missed} are missing"
    predicted = sum(leg["predicted"] is not None for leg in ran)
    recordings = "".join(
        f'<section class="log" id="{recording_anchor(path)}"><a class="close" href="#top">close</a>'
        f"<h2>Producer: {html.escape(path.rpartition('/')[2].removesuffix('.log'))}</h2><pre>{html.escape(logs[path])}</pre></section>"
        for path in sorted({leg["recording_log"] for leg in legs if leg.get("recording_log") in logs})
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Compatibility matrix: {verdict}</title><style>{STYLE}</style></head><body id="top">
<h1>Which kernel takes whose handover?</h1>
<p><strong>{verdict}.</strong> A recording of what each producer hands over was put before each consumer in a machine of its own.
Each line is a leg, named after what was handed over; a click opens its log. Cells with a frame: like to like.
For {predicted} of them <code>kho check --for</code> had said from the recording what would come of it; a leg that it is wrong about
is not as expected.</p>
<table class="key"><thead><tr><th>verdict</th><th>legs</th><th>meaning</th></tr></thead><tbody>{key}</tbody></table>
{f"<h2>Not as expected</h2><ul>{wrong}</ul>" if failed else ""}
<h2>Producers and consumers</h2>
{table(legs)}
{f"<h2>Did not run</h2><ul>{without}</ul>" if without else ""}
{"".join(log_section(leg, logs) for leg in legs)}
{recordings}
</body></html>
"""
