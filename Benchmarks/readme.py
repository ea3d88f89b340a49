"""The README's table: some of the figures, between two marks."""

import re
from statistics import median

import report
from comparison import BULK, HTTP, how_often

SHOWN = HTTP + (BULK[0], BULK[2])
BEGIN, END = "<!-- make bench writes this -->\n", "<!-- to here -->"


def update(path, one, memory, size, conditions):
    with open(path) as file:
        text = file.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{path}: expected {BEGIN.strip()!r} and {END!r}, once each, around the figures")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    with open(path, "w") as file:
        file.write(f"{before}{BEGIN}{figures(one, memory, size, conditions)}{END}{after}")


def figures(one, memory, size, conditions):
    works = [work for work in one.works if work in SHOWN]
    rows = [(work.what, one.costs(work), f"{{:.1f}} {work.unit.replace('us', 'µs')}") for work in works]
    rows += _memory_rows(memory)
    heads = ["", "Herald", "HAProxy", "nginx", "Herald / HAProxy", "Herald / nginx"]
    lines = [report.row(heads), report.rule(len(heads))]
    for what, values, form in rows:
        cells = [form.format(median(values[name])) for name in ("herald", "haproxy", "nginx")]
        ratios = [report.ratio(values["herald"], values[name]) for name in ("haproxy", "nginx")]
        lines.append(report.row([what, *cells, *ratios]))
    table = "\n".join(lines)
    numbers = {name: re.search(r"[0-9]+(?:[.][0-9]+)+", conditions[name])[0] for name in ("haproxy", "nginx")}
    versions = f"HAProxy {numbers['haproxy']} and nginx {numbers['nginx']}"
    head = (
        f"CPU time of the proxy's process, one thread each, send-proxy-v2, on {conditions['machine'].split(',')[0]} that clients "
        f"and servers share, with Debian's {versions}; median of {how_often(conditions['rounds'])} {len(memory['herald'])} for "
        f"memory, and of the rounds' own ratios (least to most):"
    )
    tail = (
        f"The stripped binary, Swift runtime included, has {size / 1e6:.1f} MB. nginx can only send version 1. "
        f"Deferred accept is `defer-accept` for Herald and HAProxy, which nginx has not here."
    )
    return f"{report.wrapped(head)}\n\n{table}\n\n{report.wrapped(tail)}\n"


def _memory_rows(memory):
    count = max(memory["herald"][0]["sessions"])

    def of(pick):
        return {name: [pick(one) for one in rounds] for name, rounds in memory.items()}

    yield f"idle session (of {count:,}), memory", of(lambda one: one["sessions"][count]["resident"]), "{:.1f} KiB"
    yield "at the start, memory", of(lambda one: one["start"]["resident"] / 1024), "{:.1f} MiB"
