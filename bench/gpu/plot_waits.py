#!/usr/bin/env python3
"""Draws the table that the example `waits` prints: rows a second against lanes, a line for each rule of waiting.

    waits MODEL | plot_waits.py OUT.svg
"""

import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 360, 70, 40, 20
COLOURS = {"own-fence": "#1f77b4", "device-wide": "#ff7f0e", "global-lock": "#d62728"}
LANES = [1, 2, 4, 8, 16]


def read(lines):
    """Rows a second by (threads or processes, rule), a list over the lanes."""
    series = {}
    for line in lines:
        words = line.split()
        if len(words) >= 4 and words[0] in ("threads", "processes") and words[2] in COLOURS:
            series.setdefault((words[0], words[2]), {})[int(words[1])] = float(words[3])
    return series


def main(target):
    series = read(sys.stdin)
    top = max(rate for points in series.values() for rate in points.values())
    across = lambda lanes: LEFT + LANES.index(lanes) * (WIDTH - LEFT - 150) / (len(LANES) - 1)
    up = lambda rate: HEIGHT - BOTTOM - rate / top * (HEIGHT - BOTTOM - TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             '<style>text{fill:#555}line{stroke:#999}@media(prefers-color-scheme:dark){text{fill:#bbb}}</style>']
    for step in range(6):
        rate = top * step / 5
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 150}" y1="{up(rate):.1f}" y2="{up(rate):.1f}" stroke-width="0.5"/>'
                     f'<text x="{LEFT - 8}" y="{up(rate) + 4:.1f}" text-anchor="end">{rate / 1e6:.1f} M/s</text>')
    parts += [f'<text x="{across(lanes):.1f}" y="{HEIGHT - 20}" text-anchor="middle">{lanes}</text>' for lanes in LANES]
    parts.append(f'<text x="{(LEFT + WIDTH - 150) / 2}" y="{HEIGHT - 4}" text-anchor="middle">lanes</text>')
    for index, ((kind, rule), points) in enumerate(series.items()):
        dash = ' stroke-dasharray="5 4"' if kind == "processes" else ""
        path = " ".join(f"{across(lanes):.1f},{up(rate):.1f}" for lanes, rate in sorted(points.items()))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[rule]}" stroke-width="2"{dash}/>')
        y = TOP + 16 * index
        parts.append(f'<line x1="{WIDTH - 140}" x2="{WIDTH - 115}" y1="{y}" y2="{y}" style="stroke:{COLOURS[rule]}" stroke-width="2"{dash}/>'
                     f'<text x="{WIDTH - 110}" y="{y + 4}">{kind}, {rule}</text>')
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
