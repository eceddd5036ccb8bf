"""aisle-eval as its users run it: against an index in its own process, a candidate, and a server.

Needs AISLE_BIN (the folder of the programs).
"""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("AISLE_BIN", os.path.join(ROOT, "build/dev"))
COLORS = ["red", "blue", "green", "black", "white"]
THINGS = ["shoe", "kettle", "lamp", "jacket"]


def run(program, *arguments, code=0):
    done = subprocess.run([os.path.join(BIN, program), *arguments], capture_output=True, timeout=300)
    if done.returncode != code:
        raise AssertionError(f"{program} {arguments}: exit {done.returncode}: {done.stderr.decode()}")
    return done


def evaluate(*arguments, code=0):
    return run("aisle-eval", *arguments, code=code).stdout.decode()


def refused(*arguments, code=2):
    return run("aisle-eval", *arguments, code=code).stderr.decode()


class Shop(unittest.TestCase):
    """40 products, each color and thing twice; queries name a color and a thing."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dir = cls.folder.name
        lines = ["id,title,description,stock,popularity"]
        cls.qrels = []
        cls.queries = []
        for i in range(40):
            color, thing = COLORS[i % 5], THINGS[i // 5 % 4]
            lines.append(f"p{i:02},{color} {thing},{thing} for every day with {COLORS[(i + 1) % 5]} parts,{i % 3},{i}")
        for q, (color, thing) in enumerate((c, t) for c in COLORS for t in THINGS):
            cls.queries.append(f"q{q:02}\t{color} {thing}")
            for i in range(40):
                same = (COLORS[i % 5] == color) + (THINGS[i // 5 % 4] == thing)
                if same:
                    cls.qrels.append(f"q{q:02} 0 p{i:02} {2 if same == 2 else 0}")
        cls.write("feed.csv", "\n".join(lines) + "\n")
        cls.write("queries.tsv", "\n".join(cls.queries) + "\n")
        cls.write("qrels.txt", "\n".join(cls.qrels) + "\n")
        run("aisle-indexer", "build", "--data", cls.path("data"), "--index", "shop", cls.path("feed.csv"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def write(cls, name, text):
        with open(cls.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return cls.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def ask(self, name, *arguments):
        """The run of a configuration, in a file."""
        run("aisle-eval", "run", "--data", self.path("data"), "--output", self.path(name), "--name", name, *arguments,
            self.path("queries.tsv"))
        return self.path(name)


class Run(Shop):
    def test_a_run_can_be_scored(self):
        self.ask("a.run")
        lines = self.read("a.run").splitlines()
        self.assertEqual(len({line.split()[0] for line in lines}), 20)
        out = evaluate("score", "-m", "success.1", "-m", "num_q", self.path("qrels.txt"), self.path("a.run"))
        self.assertEqual(out, "num_q                 \tall\t20\nsuccess_1             \tall\t1.0000\n")

    def test_latencies_are_told(self):
        done = run("aisle-eval", "run", "--data", self.path("data"), "--repeat", "3", self.path("queries.tsv"))
        self.assertRegex(done.stderr.decode(), r"20 queries, 0 without results; latency in us: mean \d+, p50 \d+, p90")

    def test_parameters_and_settings(self):
        self.ask("strict.run", "--parameters", '{"filters":"stock > 0"}')
        found = {line.split()[2] for line in self.read("strict.run").splitlines()}
        self.assertNotIn("p00", found)
        self.ask("plain.run")
        with open(self.path("data/settings/shop.json"), encoding="utf-8") as f:
            fields = [name.split("^")[0] for name in json.load(f)["searchableAttributes"]]
        settings = self.write("s.json", json.dumps({"searchableAttributes": [
            f + ("^9" if f == "description" else "^0.01") for f in fields]}))
        self.ask("other.run", "--settings", "@" + settings)
        first = [line.split()[2] for line in self.read("plain.run").splitlines() if line.split()[3] == "1"]
        other = [line.split()[2] for line in self.read("other.run").splitlines() if line.split()[3] == "1"]
        self.assertNotEqual(first, other)
        self.assertIn("rebuilt", refused("run", "--data", self.path("data"), "--settings",
                                         '{"stemmer":"none"}', self.path("queries.tsv")))

    def test_csv_and_texts_as_ids(self):
        texts = self.write("texts.txt", "red shoe\nblue, lamp\nred shoe\n")
        out = evaluate("run", "--data", self.path("data"), "--format", "csv", "--hits", "1", texts)
        self.assertRegex(out, r'^query,docid,rank,score\n"blue, lamp",p\d\d,1,1\nred shoe,p\d\d,1,1\n$')
        self.assertIn("--format csv", refused("run", "--data", self.path("data"), texts, code=3))

    def test_wrong_arguments(self):
        queries = self.path("queries.tsv")
        self.assertIn("must be given", refused("run", queries))
        self.assertIn("exclude", refused("run", "--data", "a", "--server", "http://b", queries))
        self.assertIn("no index 'x'", refused("run", "--data", self.path("data"), "--index", "x", queries))
        self.assertIn("hitsPerPage", refused("run", "--data", self.path("data"), "--parameters",
                                             '{"hitsPerPage":"x"}', queries, code=3))
        self.assertIn("offset 1", refused("run", "--data", self.path("data"), "--parameters", "{x", queries))
        twice = self.write("twice.tsv", "1\ta\n1\tb\n")
        self.assertIn("stands for two queries", refused("run", "--data", self.path("data"), twice))
        self.assertIn("no server", refused("run", "--server", "ftp://x", "--index", "a", queries))
        self.assertIn("no index", refused("run", "--data", self.path("data"), "--index", "none", queries))


class Compare(Shop):
    def setUp(self):
        self.good = self.ask("good.run")
        lines = self.read("good.run").splitlines()
        # every other query loses its first results
        bad = [line for line in lines if int(line[1:3]) % 2 or int(line.split()[3]) > 4]
        self.bad = self.write("bad.run", "\n".join(bad) + "\n")
        self.qrels_file = self.path("qrels.txt")

    def test_the_same_twice(self):
        out = evaluate("compare", self.qrels_file, self.good, self.good)
        self.assertIn("ndcg_cut_10", out)
        self.assertNotIn("*\n", out.split("\n\n* significant")[0])
        self.assertIn("  none\n", out)

    def test_a_planted_loss(self):
        report, page = self.path("r.json"), self.path("r.html")
        evaluate("compare", self.qrels_file, self.good, self.bad, "--queries", self.path("queries.tsv"), "--json",
                 report, "--html", page, "--quiet")
        with open(report, encoding="utf-8") as f:
            found = json.load(f)
        contrast = found["systems"][1]["contrasts"]["ndcg_cut_10"]
        self.assertTrue(contrast["significant"])
        self.assertLess(contrast["high"], 0)
        self.assertEqual((contrast["up"], contrast["down"], contrast["same"]), (0, 10, 10))
        html = self.read("r.html")
        self.assertIn("is worse than", html)
        self.assertIn("<svg", html)
        self.assertNotIn("http", html)
        self.assertNotIn("<script", html)

    def test_limits(self):
        files = [self.qrels_file, self.good, self.bad, "--quiet"]
        evaluate("compare", *files, "--max-loss", "0.9", "--fail-below", ".1")
        self.assertIn("below the base's", refused("compare", *files, "--max-loss", "0.05", code=1))
        self.assertIn("below 0.99", refused("compare", *files, "--fail-below", ".99", code=1))
        self.assertIn("no mean", refused("compare", *files, "-m", "gm_map", code=3))
        nothing = self.write("nothing.run", "\n")
        self.assertIn("below the base's", refused("compare", self.qrels_file, self.good, nothing, "--max-loss", "0.5",
                                                  code=1))
        other = self.write("other.run", "x Q0 p01 1 1 t\n")
        self.assertIn("no query has both", refused("compare", self.qrels_file, self.good, other, code=3))
        self.assertIn("2 to", refused("compare", self.qrels_file, self.good))

    def test_configurations(self):
        base = {"name": "base", "data": self.path("data"), "index": "shop"}
        a = self.write("a.json", json.dumps(base))
        b = self.write("b.json", json.dumps({**base, "name": "any", "parameters": {"filters": "stock > 0"}}))
        out = evaluate("compare", self.qrels_file, a, b, "--queries", self.path("queries.tsv"), "-m", "P.5,10")
        self.assertIn("any against base, 20 queries", out)
        self.assertIn("Worst losses of any in P_5", out)
        self.assertIn("--queries", refused("compare", self.qrels_file, a, b, code=3))
        wrong = self.write("wrong.json", '{"data":"x","sets":1}')
        self.assertIn("'sets' is not known", refused("compare", self.qrels_file, a, wrong, "--queries",
                                                     self.path("queries.tsv"), code=3))


class Tune(Shop):
    def test_a_spoilt_weight_is_found(self):
        with open(self.path("data/settings/shop.json"), encoding="utf-8") as f:
            fields = [name.split("^")[0] for name in json.load(f)["searchableAttributes"]]
        spoilt = self.write("spoilt.json", json.dumps({"searchableAttributes": [
            f + ("^3" if f == "description" else "^0.3") for f in fields]}))
        patch = self.path("patch.json")
        arguments = ["tune", self.path("qrels.txt"), "--queries", self.path("queries.tsv"), "--data",
                     self.path("data"), "--settings", "@" + spoilt, "-m", "ndcg_cut.3", "-p", "weights", "--folds", "2",
                     "--output", patch, "--budget", "150", "--held-out", "20", "--rounds", "1000"]
        out = evaluate(*arguments)
        self.assertRegex(out, r"training \(seen\) +16 queries")
        self.assertRegex(out, r"held out \(unseen\) +4 queries")
        self.assertIn("are few to tune", out)
        with open(patch, encoding="utf-8") as f:
            weights = {a.split("^")[0]: float(a.split("^")[1]) for a in json.load(f)["searchableAttributes"]}
        self.assertGreater(weights["title"] / weights["description"], 0.1)
        self.assertEqual(out, evaluate(*arguments))  # the same seed, the same numbers
        self.ask("spoilt.run", "--settings", "@" + spoilt)
        self.ask("tuned.run", "--settings", "@" + patch)
        value = [float(evaluate("score", "-m", "ndcg_cut.3", self.path("qrels.txt"), self.path(name)).split()[2])
                 for name in ("spoilt.run", "tuned.run")]
        self.assertGreater(value[1], value[0])

    def test_wrong_parameters(self):
        def message(*arguments):
            return refused("tune", self.path("qrels.txt"), "--queries", self.path("queries.tsv"), "--data",
                           self.path("data"), *arguments, code=3)
        self.assertIn("has no range", message("-p", "hitsPerPageX"))
        self.assertIn("LOW..HIGH", message("-p", "k1=3"))
        self.assertIn("no number 'nothing'", message("-p", "nothing=1..2"))
        self.assertIn("10 are the least", message("--held-out", "80"))
        self.assertIn("no mean", message("-m", "gm_map"))


class Judge(Shop):
    def test_pool_rate_merge_agree(self):
        run_file = self.ask("pool.run")
        few = self.write("few.txt", "\n".join(line for line in self.qrels if line.startswith("q00")) + "\n")
        pool = evaluate("judge", "pool", few, run_file, "--depth", "3", "--data", self.path("data"), "--queries",
                        self.path("queries.tsv"))
        rows = pool.splitlines()
        self.assertEqual(rows[0], "query_id,query,docid,title,rating")
        self.assertEqual(len(rows), 1 + 19 * 3)
        self.assertRegex(rows[1], r"^q01,red kettle,p\d\d,\w+ \w+,$")
        first = self.write("first.csv", "\n".join([rows[0]] + [row + "1" for row in rows[1:]]) + "\n")
        second = self.write("second.csv", "\n".join([rows[0]] + [row + "01"[i % 2] for i, row in
                                                                 enumerate(rows[1:-7])] + rows[-7:]) + "\n")
        out = evaluate("judge", "agree", first, second)
        self.assertIn("50 rated by both, 7 by the first only, 0 by the second only", out)
        self.assertIn("equal 0.5000, kappa 0.0000", out)
        merged = evaluate("judge", "merge", few, first, second)
        self.assertEqual(len(merged.splitlines()), len(self.read("few.txt").splitlines()) + 57)
        self.assertEqual(sum(line.endswith(" 0") for line in merged.splitlines() if line[:3] != "q00"), 25)
        merged = self.write("merged.txt", merged)
        again = evaluate("judge", "pool", merged, run_file, "--depth", "3")
        self.assertEqual(again, "query_id,query,docid,title,rating\n")

    def test_wrong_use(self):
        self.assertIn("pool, merge, or agree", refused("judge", "rate", "a", "b", code=3))
        self.assertIn("two files", refused("judge", "pool", "a"))


class Replay(Shop):
    def configuration(self, name, **more):
        return self.write(name, json.dumps({"name": name, "data": self.path("data"), "index": "shop", **more}))

    def test_a_log(self):
        now = self.configuration("now.json")
        stocked = self.configuration("stocked.json", parameters={"filters": "stock > 0"})
        log = self.write("log.tsv", "red shoe\t7\nblue lamp\nred shoe\t3\nno such thing\n")
        with_ids = ["--qrels", self.path("qrels.txt"), "--queries", self.path("queries.tsv"), "--format", "json"]
        found = json.loads(evaluate("replay", log, now, stocked, *with_ids))
        self.assertEqual((found["queries"], found["searches"]), (3, 12))
        self.assertGreater(found["churn"], 0)
        self.assertEqual(found["candidate"]["inStock"] or 1, 1)
        self.assertEqual(found["judged"]["queries"], 2)
        self.assertEqual(found["changed"][0]["query"], "red shoe")
        same = json.loads(evaluate("replay", log, now, now, "--format", "json"))
        self.assertEqual((same["churn"], same["rbo"], same["unchanged"], same["changed"]), (0, 1, 1, []))
        self.assertIn("churn", refused("replay", log, now, stocked, "--max-churn", "0.01", code=1))
        self.assertIn("Most changed", evaluate("replay", log, now, stocked))

    def test_a_candidate_generation(self):
        other = os.path.join(self.dir, "other")
        lines = self.read("feed.csv").replace("red shoe", "crimson shoe")
        run("aisle-indexer", "build", "--data", other, "--index", "shop", self.write("feed2.csv", lines))
        generation = next(os.path.join(root) for root, _, files in os.walk(other) if "shard-0000.aisle" in files)
        settings = os.path.join(generation, "settings.json")
        if not os.path.exists(settings):
            with open(os.path.join(other, "settings/shop.json"), encoding="utf-8") as f, \
                    open(settings, "w", encoding="utf-8") as out:
                out.write(f.read())
        candidate = self.write("candidate.json", json.dumps({"candidate": generation}))
        log = self.write("log2.tsv", "crimson\t2\n")
        found = json.loads(evaluate("replay", log, self.configuration("now2.json"), candidate, "--format", "json"))
        self.assertEqual((found["now"]["empty"], found["candidate"]["empty"]), (1, 0))

    def test_wrong_use(self):
        log = self.write("log3.tsv", "a\tb\n")
        now = self.configuration("now3.json")
        self.assertIn("line 1: 'b' is no count", refused("replay", log, now, now, code=3))
        self.assertIn("two configurations", refused("replay", log, now))


class Collection(Shop):
    """`bench/relevance/run` with a collection of one's own."""

    def test_own_collection(self):
        products = []
        for line in self.read("feed.csv").splitlines()[1:]:
            key, title, description = line.split(",")[:3]
            products.append(json.dumps({"id": key, "title": title, "description": description}))
        self.write("products.ndjson", "\n".join(products) + "\n")
        collection = self.write("own.json", json.dumps({
            "name": "own", "products": "products.ndjson", "queries": "queries.tsv", "qrels": "qrels.txt", "id": "id",
            "fields": {"title": ["title"], "description": ["description"]}}))
        arguments = [os.path.join(ROOT, "bench/relevance/run"), "--collection", collection, "--output",
                     self.path("out")]
        done = subprocess.run([*arguments, "--peers", "sqlite"], capture_output=True, timeout=300, text=True,
                              env={**os.environ, "AISLE_BIN": BIN})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("own: 20 queries", done.stdout)
        self.assertRegex(done.stdout, r"\| Aisle \| [01]\.\d{3} \([01]\.\d{3} to ")
        self.assertTrue("| SQLite FTS5 |" in done.stdout or "sqlite: left out" in done.stdout)
        self.assertTrue(os.path.exists(self.path("out/own/compare.html")))
        os.remove(self.path("products.ndjson"))
        done = subprocess.run(arguments, capture_output=True, timeout=300, text=True)
        self.assertIn("own: skipped, there is no", done.stdout)


class Served(Shop):
    """The same over HTTP."""

    def setUp(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.server = subprocess.Popen([os.path.join(BIN, "aisle-server"), "--data", self.path("data"), "--listen",
                                        f"127.0.0.1:{self.port}"], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=60).close()
                break
            except OSError:
                if self.server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def tearDown(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(60)

    def test_a_server_gives_the_same_run(self):
        url = f"http://127.0.0.1:{self.port}"
        over_http = evaluate("run", "--server", url, "--index", "shop", "--name", "x", "--threads", "3",
                             self.path("queries.tsv"))
        here = evaluate("run", "--data", self.path("data"), "--name", "x", self.path("queries.tsv"))
        self.assertEqual(over_http, here)
        self.assertIn("index 'none' does not exist", refused("run", "--server", url, "--index", "none",
                                                             self.path("queries.tsv"), code=3))
        self.assertIn("cannot be overridden on a server", refused("run", "--server", url, "--index", "shop",
                                                                  "--settings", '{"k1":1}', self.path("queries.tsv")))


if __name__ == "__main__":
    unittest.main()
