"""Small SVG plots: bars on a logarithmic scale, and lines on logarithmic axes."""
import math
from xml.sax.saxutils import escape

COLORS = ["#1f5fa8", "#d9792b", "#4a9a5a", "#b23b4b", "#7a5aa6", "#8a6d4b", "#c565a5", "#6d7780", "#a8a02a", "#2aa3a8"]
FONT = 'font-family="sans-serif" font-size="12"'


class Canvas:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
        self.text(width / 2, 20, title, "middle", 'font-weight="bold"')

    def text(self, x, y, words, anchor="start", more=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT} {more}>{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, color="#cccccc", width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
                          f'stroke-width="{width}"/>')

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}">\n' + "\n".join(self.parts) + "\n</svg>\n")


def _decades(low, high):
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def _number(exponent):
    return f"{10 ** exponent:,}" if exponent >= 0 else f"{10.0 ** exponent:.{-exponent}f}"


def bars(title, unit, groups, names):
    """groups: [(label, {name: value})]; a bar for each name that has a value. Logarithmic, to the right."""
    values = [v for _, of in groups for v in of.values() if v > 0]
    rows = sum(len([n for n in names if n in of]) for _, of in groups)
    left, right, top, bar, gap = 210, 90, 60, 14, 16
    height = top + rows * bar + len(groups) * gap + 30
    canvas = Canvas(900, height, title)
    decades = list(_decades(min(values), max(values)))
    scale = (900 - left - right) / max(1, decades[-1] - decades[0])

    def x_of(value):
        return left + (math.log10(value) - decades[0]) * scale
    for decade in decades:
        canvas.line(x_of(10 ** decade), top - 10, x_of(10 ** decade), height - 24)
        canvas.text(x_of(10 ** decade), height - 8, _number(decade), "middle", 'fill="#666666"')
    canvas.text(900 - 10, height - 8, unit, "end", 'fill="#666666"')
    x = 20
    for i, name in enumerate(names):
        canvas.parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{COLORS[i % len(COLORS)]}"/>')
        canvas.text(x + 14, 41, name)
        x += 24 + 7 * len(name)
    y = top
    for label, of in groups:
        canvas.text(left - 8, y + 11, label, "end")
        for i, name in enumerate(names):
            if of.get(name, 0) <= 0:
                continue
            width = max(1, x_of(of[name]) - left)
            canvas.parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{bar - 2}" '
                                f'fill="{COLORS[i % len(COLORS)]}"/>')
            canvas.text(left + width + 4, y + 10, f"{of[name]:,.1f}" if of[name] < 100 else f"{of[name]:,.0f}")
            y += bar
        y += gap
    return canvas.svg()


def lines(title, x_label, y_label, series, points_only=False):
    """series: [(name, [(x, y)])], both above 0; both axes logarithmic."""
    left, right, top, bottom, width, height = 80, 30, 60, 50, 760, 460
    xs = [x for _, points in series for x, _ in points]
    ys = [y for _, points in series for _, y in points]
    x_decades, y_decades = list(_decades(min(xs), max(xs))), list(_decades(min(ys), max(ys)))
    canvas = Canvas(width, height, title)

    def place(value, decades, start, end):
        return start + (math.log10(value) - decades[0]) / max(1, decades[-1] - decades[0]) * (end - start)

    def at(x, y):
        return place(x, x_decades, left, width - right), place(y, y_decades, height - bottom, top)
    for decade in x_decades:
        x, _ = at(10 ** decade, 10 ** y_decades[0])
        canvas.line(x, top, x, height - bottom)
        canvas.text(x, height - bottom + 16, _number(decade), "middle", 'fill="#666666"')
    for decade in y_decades:
        _, y = at(10 ** x_decades[0], 10 ** decade)
        canvas.line(left, y, width - right, y)
        canvas.text(left - 6, y + 4, _number(decade), "end", 'fill="#666666"')
    canvas.text((left + width - right) / 2, height - 12, x_label, "middle")
    canvas.text(10, top - 14, y_label)
    x = 20
    for i, (name, points) in enumerate(series):
        color = COLORS[i % len(COLORS)]
        canvas.parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{color}"/>')
        canvas.text(x + 14, 41, name)
        x += 24 + 7 * len(name)
        places = [at(*p) for p in points]
        if not points_only:
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
            canvas.parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        radius = 1.5 if points_only else 3
        canvas.parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{radius}" fill="{color}"/>' for px, py in places]
    return canvas.svg()
