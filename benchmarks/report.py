"""The report: sections of Markdown, and the lines that appear while they are measured."""

import sys


def progress(row):
    print("  ".join(f"{cell:>16}" for cell in row), file=sys.stderr, flush=True)


def section(title, caption, headings, rows, *, texts=1):
    """A table with its caption, `texts` columns of words first; each row is shown when it comes."""
    print(f"\n{title}", file=sys.stderr)
    progress(headings)
    lines = [f"## {title}", "", " ".join(caption.split()), ""]
    lines.append("| " + " | ".join(headings) + " |")
    lines.append("|" + " --- |" * texts + " ---: |" * (len(headings) - texts))
    for row in rows:
        progress(row)
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join([*lines, ""])
