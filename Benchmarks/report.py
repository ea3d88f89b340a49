"""Figures as tables: Markdown, and aligned for the terminal."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
import textwrap
from statistics import median


def machine():
    with open("/proc/cpuinfo") as lines:
        models = re.findall(r"model name\s*: (.+)", lines.read())
    model = models[0] if models else platform.machine()
    return f"{len(models) or os.cpu_count()} CPUs ({model}), Linux {platform.release()}"


def version(command):
    result = subprocess.run(command, capture_output=True, text=True)
    text = (result.stdout + result.stderr).strip().splitlines()
    return text[0] if text else "unknown"


def stripped_size(binary):
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "stripped")
        shutil.copy(binary, copy)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def wrapped(text):
    """A paragraph, or an item of a list, in lines."""
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def threads(count):
    return "one thread" if count == 1 else f"{count} threads"


def spread(values, digits):
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def ratio_values(ours, theirs):
    """Round by round, so that what slows the machine for a while slows both."""
    return [mine / other for mine, other in zip(ours, theirs)]


def ratio(ours, theirs):
    return spread(ratio_values(ours, theirs), 2)


def better(figures):
    """Of all but Herald, the one with the lower median."""
    return min((name for name in figures if name != "herald"), key=lambda name: median(figures[name]))


def ratios(figures):
    """Each ratio by round: of all to haproxy, and of Herald to the better of the others."""
    best = better(figures)
    to_haproxy = {name: ratio_values(values, figures["haproxy"]) for name, values in figures.items() if name != "haproxy"}
    return {"haproxy": to_haproxy, "better": {best: ratio_values(figures["herald"], figures[best])}}


def table(rows):
    """Rows of (what, {proxy: values by round}, digits): median, least and most, and the ratios of the rounds."""
    names = list(rows[0][1])
    heads = ["", *names, "herald / haproxy"] + ["herald / the better"] * (len(names) > 2)
    lines = [row(heads), rule(len(heads))]
    for what, figures, digits in rows:
        cells = [what, *(spread(figures[name], digits) for name in names), ratio(figures["herald"], figures["haproxy"])]
        if len(names) > 2:
            best = better(figures)
            cells.append(f"{ratio(figures['herald'], figures[best])} {best}")
        lines.append(row(cells))
    return "\n".join(lines)


def rounded(data):
    """The same with four digits of each broken number: more says nothing."""
    if isinstance(data, dict):
        return {key: rounded(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [rounded(value) for value in data]
    return float(f"{data:.4g}") if isinstance(data, float) else data


def row(cells):
    return f"| {' | '.join(cells)} |"


def rule(columns):
    return "|" + " --- |" * columns


def aligned(markdown):
    """The same text with the columns of its tables lined up, for the terminal."""
    lines, table_lines = [], []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            table_lines.append(line)
            continue
        lines += _aligned_table(table_lines)
        table_lines = []
        lines.append(line)
    return "\n".join(lines).rstrip()


def _aligned_table(lines):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(set(cell) <= {"-"} for cell in row)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
