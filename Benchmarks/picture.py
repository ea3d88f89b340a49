"""The ratios as bars, an SVG that reads in light and in dark."""

from html import escape
from statistics import median

WIDTH = 800
LEFT = 290
RIGHT = 56
TOP = 78
ROW = 46
BAR = 14
STYLE = """
    .paper { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328; font: 13px system-ui, sans-serif }
    .title { font-weight: 600; font-size: 15px } .faint { fill: #59636e; font-size: 12px }
    .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
    .herald { fill: #1a7f64 } .nginx { fill: #8c959f } .spread { stroke: #1f2328; stroke-width: 1 }
    .one { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 } .grid { stroke: #d0d7de }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; stroke: #3d444d } text { fill: #f0f6fc } .faint { fill: #9198a1 }
      .herald { fill: #3fb98f } .nginx { fill: #6e7681 } .spread { stroke: #f0f6fc } .one { stroke: #ff7b72 }
      .grid { stroke: #3d444d } .value { stroke: #0d1117 }
    }
"""


def svg(comparisons, subtitle):
    """A row for each work, a bar for each proxy but haproxy, which is 1."""
    rows = [
        (f"{work.what}{_where(comparison)}", comparison.data()[work.key]["ratios"]["haproxy"])
        for comparison in comparisons
        for work in comparison.works
    ]
    most = max(max(values) for _, ratios in rows for values in ratios.values())
    # A little more than a bar may need, but no bar beyond twice what haproxy takes.
    end = min(max(1.25, most * 1.05), 2)
    scale = (WIDTH - LEFT - RIGHT) / end
    height = TOP + ROW * len(rows) + 34
    body = [
        '<text class="title" x="16" y="28">CPU time for the same work, HAProxy = 1</text>',
        f'<text class="faint" x="16" y="48">shorter is better; {escape(subtitle)}</text>',
        *_legend(),
        *_grid(end, scale, height),
    ]
    for number, (what, ratios) in enumerate(rows):
        top = TOP + ROW * number
        body.append(f'<text x="{LEFT - 12}" y="{top + BAR + 6}" text-anchor="end">{escape(what)}</text>')
        for offset, name in enumerate(("herald", "nginx")):
            body += _bar(name, ratios[name], top + offset * (BAR + 2), scale, end)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">\n'
        "  <title>CPU time of Herald and nginx for the same work, as a ratio to HAProxy</title>\n"
        f"  <style>{STYLE}  </style>\n"
        f'  <rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n  '
        + "\n  ".join(body)
        + "\n</svg>\n"
    )


def _where(comparison):
    return "" if comparison.threads == 1 else f", {comparison.threads} threads"


def _legend():
    x = WIDTH - 170
    for name in ("herald", "nginx"):
        yield f'<rect class="{name}" x="{x}" y="18" width="12" height="12" rx="2"/>'
        yield f'<text x="{x + 17}" y="28">{"Herald" if name == "herald" else name}</text>'
        x += 80


def _grid(end, scale, height):
    for tenth in range(0, int(end * 10) + 1, 5):
        x = LEFT + tenth / 10 * scale
        kind = "one" if tenth == 10 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 28}"/>'
        yield f'<text class="faint" x="{x:.1f}" y="{height - 12}" text-anchor="middle">{tenth / 10:.1f}</text>'


def _bar(name, values, top, scale, end):
    """The median, the least and the most of the rounds."""
    width, least, most = (min(value, end) * scale for value in (median(values), min(values), max(values)))
    middle = top + BAR / 2
    yield f'<rect class="{name}" x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    yield f'<line class="spread" x1="{LEFT + least:.1f}" y1="{middle}" x2="{LEFT + most:.1f}" y2="{middle}"/>'
    label = LEFT + max(width, most) + 6
    yield f'<text class="faint value" x="{label:.1f}" y="{top + BAR - 3}">{median(values):.2f}</text>'
