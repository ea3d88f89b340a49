"""Figures as a table: on the terminal, and as Markdown."""

import platform
import re
import subprocess
from statistics import median


def machine():
    with open("/proc/cpuinfo") as lines:
        models = re.findall(r"model name\s*: (.+)", lines.read())
    model = models[0] if models else platform.machine()
    return f"{len(models)} x {model}, Linux {platform.release()}"


def version(command):
    result = subprocess.run(command, capture_output=True, text=True)
    text = (result.stdout + result.stderr).strip().splitlines()
    return text[0] if text else "unknown"


def spread(values, digits):
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def ratio(ours, theirs):
    """Round by round, so that what slows the machine for a while slows both."""
    return spread([mine / other for mine, other in zip(ours, theirs)], 2)


def table(rows):
    """Rows of (what, {proxy: values}, digits)."""
    names = list(rows[0][1])
    lines = ["| | " + " | ".join(names) + " | herald / haproxy |", "| --- |" + " --- |" * (len(names) + 1)]
    for what, figures, digits in rows:
        cells = [spread(figures[name], digits) for name in names]
        lines.append(f"| {what} | " + " | ".join(cells) + f" | {ratio(figures['herald'], figures['haproxy'])} |")
    return "\n".join(lines)


def aligned(markdown):
    """The same table with columns that line up, for the terminal."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]
    rows = [row for row in rows if not all(set(cell) <= {"-"} for cell in row)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
