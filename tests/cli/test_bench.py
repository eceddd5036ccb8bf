"""The benchmarks' own programs at a small size: the workload is the same each time, and Aisle's driver counts what a
scan of the same files counts, the load program sends what it says. AISLE_BIN names the build's folder."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("AISLE_BIN") or os.path.join(ROOT, "build", "release")
sys.path.insert(0, os.path.join(ROOT, "bench", "support"))
import bench  # noqa: E402
import plot  # noqa: E402

FILES = ["products.ndjson", "products.tsv", "search.tsv", "typing.tsv", "typo.tsv", "prefix.tsv", "browse.tsv", "all.tsv", "half.tsv",
         "updates.ndjson"]
PRODUCTS, QUERIES = 1500, 120


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def make_workload(folder, seed):
    subprocess.run([os.path.join(BIN, "aisle-workload"), "--products", str(PRODUCTS), "--queries", str(QUERIES),
                    "--updates", "500", "--seed", str(seed), "--dir", folder], check=True)
    return {name: hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest() for name in FILES}


def the_workload_is_deterministic(temp):
    first = make_workload(os.path.join(temp, "a"), 1)
    check(make_workload(os.path.join(temp, "b"), 1) == first, "the same options gave other files")
    other = make_workload(os.path.join(temp, "c"), 2)
    check(all(other[n] != first[n] for n in FILES if n != "all.tsv"), "another seed gave a file of the first")


def the_workload_has_its_shape(folder):
    products = [line.split("\t") for line in open(os.path.join(folder, "products.tsv"))]
    check(len(products) == PRODUCTS and len({p[0] for p in products}) == PRODUCTS, "products are missing or repeated")
    title = sum(len(p[1].split()) for p in products) / PRODUCTS
    description = sum(len(p[2].split()) for p in products) / PRODUCTS
    check(6 < title < 7.5 and 40 < description < 48, f"{title} words in titles, {description} in descriptions")
    check(all(c.islower() or c == " " for p in products for c in p[1] + p[2]), "text is not plain lower case words")
    searches = [line.rstrip("\n").split("\t") for line in open(os.path.join(folder, "search.tsv"))]
    check(len(searches) == QUERIES and all(1 <= len(s[0].split()) <= 4 for s in searches), "searches of 1 to 4 words")
    filtered = sum(1 for s in searches if s[1] or s[2] or s[3])
    check(QUERIES / 4 < filtered < 3 * QUERIES / 4, f"{filtered} of {QUERIES} searches have a filter")
    return products


def matches(product, words, prefix, query):
    text = (product[1] + " " + product[2]).split()
    for i, word in enumerate(words):
        if prefix and i == len(words) - 1:
            if not any(t.startswith(word) for t in text):
                return False
        elif word not in text:
            return False
    _, category, brand, low, high = query
    return ((not category or product[4] == category or product[4].startswith(category + " > ")) and
            (not brand or product[3] == brand) and (not low or int(low) <= int(product[8]) <= int(high)))


def top_counts(found, value_of):
    counts = {}
    for product in found:
        value = value_of(product)
        if value:
            counts[value] = counts.get(value, 0) + 1
    return sum(sorted(counts.values(), reverse=True)[:10])


def second_level(product):
    levels = product[4].split(" > ")
    return " > ".join(levels[:2]) if len(levels) > 1 else ""


def expected(products, line, prefix):
    query = line.rstrip("\n").split("\t")
    found = [p for p in products if matches(p, query[0].split(), prefix, query)]
    facets = [lambda p: p[3], second_level, lambda p: p[5], lambda p: p[6], lambda p: p[7]]
    return len(found), sum((i + 1) * top_counts(found, f) for i, f in enumerate(facets))


def aisle_counts_what_a_scan_counts(temp, folder, products):
    data = os.path.join(temp, "data")
    env = dict(os.environ, AISLE_BIN=BIN)
    driver = os.path.join(ROOT, "bench", "peers", "aisle", "driver")
    for verb in ("build", "after"):
        subprocess.run([driver, verb, "two", folder, data], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    modes = [("and5", "search", False), ("typing5", "typing", True), ("and5", "browse", False), ("and5", "half", False)]
    commands = "".join(f"{mode} {folder}/{file}.tsv 0 60\n" for mode, file, _ in modes)
    result = subprocess.run([driver, "serve", "two", data], cwd=ROOT, env=env, input=commands, text=True, check=True,
                            capture_output=True)
    check("3 segments" in result.stderr, f"two shards and a delta were wanted: {result.stderr}")
    answers = result.stdout.split(".\n")
    for (mode, file, prefix), answer in zip(modes, answers):
        lines = open(os.path.join(folder, file + ".tsv")).readlines()
        got = [tuple(int(n) for n in line.split()[2:]) for line in answer.strip().split("\n")]
        check(len(got) == 60, f"{mode} {file}: {len(got)} answers")
        for line, pair in zip(lines, got):
            want = expected(products, line, prefix)
            check(pair == want, f"{mode} {file} {line!r}: {pair}, a scan gives {want}")


def load(server, folder, *more):
    result = subprocess.run([os.path.join(BIN, "aisle-load"), "--port", str(server.port), "--pid",
                             str(server.process.pid), "--workload", folder, "--seconds", "1", "--warm", "0", *more],
                            text=True, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def the_load_sends_what_it_says(temp, folder):
    server = bench.Server(os.path.join(temp, "data"))
    try:
        for mix in ("instantsearch", "typing", "hits", "suggest", "update", "health"):
            lane = load(server, folder, "--mix", mix, "--connections", "3")["lanes"][0]
            check(lane["requests"] > 0 and lane["failed"] == 0, f"{mix}: {lane}")
            check(lane["p50"] <= lane["p99"] <= lane["max"], f"{mix}: {lane}")
        both = load(server, folder, "--mix", "hits", "--rate", "60", "--connections", "2", "--beside", "objects",
                    "--beside-rate", "3")
        search, write = both["lanes"]
        check(search["requests"] == 60 and search["failed"] == 0, f"60 requests were due in a second: {search}")
        check(write["requests"] == 3 and write["items"] == 1000 and write["failed"] == 0, f"3 were due: {write}")
        wrong = subprocess.run([os.path.join(BIN, "aisle-load"), "--port", str(server.port), "--workload", folder, "--mix",
                                "nonsense"], text=True, capture_output=True)
        check(wrong.returncode == 2 and "no such mix" in wrong.stderr, f"{wrong.returncode}: {wrong.stderr}")
    finally:
        server.stop()


def plots_are_svg():
    import xml.etree.ElementTree as tree
    bars = plot.bars("a < b", "us", [("one", {"x": 3.0, "y": 40.0}), ("two", {"x": .5})], ["x", "y"])
    lines = plot.lines("t", "x", "y", [("s", [(1, 2), (1000, 4)])])
    for svg, shape, least in ((bars, "rect", 6), (lines, "circle", 2)):
        found = [e for e in tree.fromstring(svg).iter() if e.tag.endswith(shape)]
        check(len(found) >= least, f"{len(found)} of {shape}")


def main():
    with tempfile.TemporaryDirectory() as temp:
        the_workload_is_deterministic(temp)
        folder = os.path.join(temp, "a")
        products = the_workload_has_its_shape(folder)
        aisle_counts_what_a_scan_counts(temp, folder, products)
        the_load_sends_what_it_says(temp, folder)
    plots_are_svg()
    print("5 passed, 0 failed")


main()
