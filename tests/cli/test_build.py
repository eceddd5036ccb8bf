"""aisle-indexer as its users run it: real feeds, bad feeds, bad arguments, exit codes, reports.

Needs AISLE_BIN (the folder of the programs). Real feeds come from AISLE_SHARED_DATA, else ../shared/data; those tests are
skipped where it is absent.
"""
import glob
import gzip
import json
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INDEXER = os.path.join(os.environ.get("AISLE_BIN", os.path.join(ROOT, "build/dev")), "aisle-indexer")
SHARED = os.environ.get("AISLE_SHARED_DATA", os.path.join(ROOT, "../shared/data"))

# feed, items, objects that stay
WHOLE_FEEDS = [
    ("feeds/importpc_google.xml", 1255, 1254),
    ("feeds/opispost_google.xml", 486, 486),
    ("feeds/mevlana_products.xml", 218, 218),
    ("feeds/shwei_yandex_yml.xml", 132, 132),
    ("feeds/mhujer_heureka.xml", 18, 18),
    ("feeds/mhujer_zbozi.xml", None, None),
    ("feeds/til_criteo.xml", 1, 1),
    ("feeds/til_facebook_atom.xml", 1, 1),
    ("feeds/til_facebook_rss.xml", 1, 1),
    ("feeds/til_skroutz.xml", 1, 1),
    ("feeds/bmecat_bmecat12_testdata_new_catalog.golden.xml", 1, 1),
    ("feeds/bmecat_bmecat12_testdata_new_catalog_with_blank_classification_system.golden.xml", 1, 1),
    ("feeds/bmecat_bmecat2005_testdata_new_catalog.golden.xml", 1, 1),
    ("feeds/bmecat_bmecat2005_testdata_new_catalog_with_blank_classification_system.golden.xml", 1, 1),
    ("bigbasket-20k/bigbasket_products.csv", 20000, 20000),
    ("chorus-icecat/products.ndjson.gz", 19406, 19406),
    ("esci-us-sample/ubi_ecommerce_products.json.gz", 6764, 6764),
]
# feed, complete items before the break, words that the message must have
BROKEN_FEEDS = [
    ("oman_invalid_token.xml", 142, "1571"),
    ("oman_truncated.xml", 122, "oman_truncated.xml"),
    ("mw_duplicate_xmlns_attr.xml", 0, "xmlns"),
]

GOOD = ('<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>t</title>'
        "<item><g:id>1</g:id><title>Red shoe</title><g:price>12.99 USD</g:price></item>"
        "<item><g:id>2</g:id><title>Blue shoe</title><g:price>1.299,00 EUR</g:price></item>\n"
        "<item><g:id>3</g:id><title>Odd price</title><g:price>12,99,1 USD</g:price></item>"
        "</channel></rss>")


def build(directory, *arguments, stdin=None):
    report = os.path.join(directory, "report.json")
    command = [INDEXER, "build", "--data", os.path.join(directory, "data"), "--index", "products", "--report", report]
    done = subprocess.run(command + list(arguments), input=stdin, capture_output=True, timeout=300)
    result = {"code": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode(), "report": None}
    if os.path.exists(report):
        with open(report, encoding="utf-8") as f:
            result["report"] = json.load(f)
    return result


class Case(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.dir = self.temporary.name

    def tearDown(self):
        self.temporary.cleanup()

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def verify(self):
        done = subprocess.run([INDEXER, "verify", "--data", os.path.join(self.dir, "data")], capture_output=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr.decode())


@unittest.skipUnless(os.path.isdir(SHARED), "no shared data at " + SHARED)
class RealFeeds(Case):
    def test_whole_feeds(self):
        for name, items, objects in WHOLE_FEEDS:
            with self.subTest(feed=name), tempfile.TemporaryDirectory() as directory:
                self.dir = directory
                result = build(directory, os.path.join(SHARED, name))
                self.assertEqual(result["code"], 0, result["err"])
                report = result["report"]
                if items is not None:
                    self.assertEqual(report["items"], items)
                    self.assertEqual(report["accepted"] - report["replaced"], objects)
                self.assertEqual(report["rejected"], 0)
                self.assertEqual(report["accepted"], report["items"])
                self.assertTrue(os.path.exists(os.path.join(directory, "data/settings/products.json")))
                self.verify()

    def test_broken_feeds(self):
        for name, least, words in BROKEN_FEEDS:
            path = os.path.join(SHARED, "feeds/malformed", name)
            with self.subTest(feed=name), tempfile.TemporaryDirectory() as directory:
                refused = build(directory, path)
                self.assertEqual(refused["code"], 3, refused["err"])
                self.assertIn(words, refused["err"])
                self.assertIn(name, refused["err"])
                kept = build(directory, "--allow-broken-feed", path)
                self.assertEqual(kept["code"], 1 if kept["report"]["accepted"] else 3, kept["err"])
                self.assertGreaterEqual(kept["report"]["accepted"], least)

    def test_partial_feed_is_refused(self):
        result = build(self.dir, os.path.join(SHARED, "feeds/bmecat_bmecat12_testdata_update_prices.golden.xml"))
        self.assertEqual(result["code"], 3)
        self.assertIn("partial", result["err"])


class Feeds(Case):
    def test_rejected_items(self):
        rejects = os.path.join(self.dir, "rejects.ndjson")
        path = self.file("feed.xml", GOOD)
        result = build(self.dir, "--max-errors", "50%", "--rejects", rejects, path)
        self.assertEqual(result["code"], 1, result["err"])
        self.assertEqual((result["report"]["items"], result["report"]["accepted"], result["report"]["rejected"]),
                         (3, 2, 1))
        self.assertEqual(sum(result["report"]["reasons"].values()), 1)
        self.assertIn("feed.xml:2", result["err"])
        with open(rejects, encoding="utf-8") as f:
            line = json.loads(f.readline())
        self.assertEqual((line["line"], line["id"]), (2, "3"))
        self.assertIn("price", line["field"])

    def test_too_many_errors_keep_the_old_generation(self):
        good = self.file("good.ndjson", '{"objectID":"1","title":"a"}\n')
        self.assertEqual(build(self.dir, good)["code"], 0)
        before = open(os.path.join(self.dir, "data/MANIFEST"), "rb").read()
        result = build(self.dir, "--max-errors", "0", self.file("feed.xml", GOOD))
        self.assertEqual(result["code"], 3)
        self.assertIn("--max-errors", result["err"])
        self.assertEqual(open(os.path.join(self.dir, "data/MANIFEST"), "rb").read(), before)
        self.assertEqual(os.listdir(os.path.join(self.dir, "data/candidates")), [])

    def test_standard_input_and_gzip(self):
        lines = b"".join(b'{"id":%d,"title":"shoe %d"}\n' % (i, i) for i in range(100))
        self.assertEqual(build(self.dir, "-", stdin=lines)["report"]["accepted"], 100)
        packed = self.file("feed.bin", gzip.compress(lines) + gzip.compress(b'{"id":"x","title":"y"}\n'))
        self.assertEqual(build(self.dir, packed)["report"]["accepted"], 101)

    def test_repeated_ids(self):
        feed = self.file("a.csv", "id,title\n1,old\n2,two\n1,new\n")
        report = build(self.dir, feed)["report"]
        self.assertEqual((report["accepted"], report["replaced"]), (3, 1))

    def test_excel_names_the_separator(self):
        report = build(self.dir, self.file("a.csv", "sep=;\r\nid;title;price\r\n1;one;2,50\r\n"))["report"]
        self.assertEqual((report["accepted"], report["rejected"]), (1, 0))

    def test_report_names_the_encoding(self):
        text = "id;nazwa;cena\n1;Krzesło wiśniowe;12,50 zł\n2;Stół dębowy;499 zł\n"
        report = build(self.dir, self.file("a.csv", text.encode("cp1250")))["report"]
        self.assertEqual(report["files"][0]["encoding"], "windows-1250")
        self.assertNotIn("encoding", build(self.dir, self.file("a.csv", text))["report"]["files"][0])

    def test_verify_misses_nothing(self):
        self.assertEqual(build(self.dir, self.file("a.csv", "id,title\n1,one\n"))["code"], 0)
        for name in ["dictionary.aisle", "suggest.aisle", "shard-0000.aisle"]:
            path = glob.glob(os.path.join(self.dir, "data/index/*/g*/" + name))[0]
            os.rename(path, path + ".away")
            done = subprocess.run([INDEXER, "verify", "--data", os.path.join(self.dir, "data")], capture_output=True)
            self.assertEqual(done.returncode, 1, name)
            os.rename(path + ".away", path)
        self.verify()

    def test_several_feeds_and_shards(self):
        feeds = [self.file("f%d.ndjson" % k, "".join('{"objectID":"%d-%d","title":"t"}\n' % (k, i) for i in range(50)))
                 for k in range(3)]
        result = build(self.dir, "--shards", "4", *feeds)
        self.assertEqual((result["code"], result["report"]["accepted"], len(result["report"]["files"])), (0, 150, 3))
        self.verify()

    def test_empty_and_unreadable(self):
        for name, content in [("empty", b""), ("spaces", b"  \n"), ("noise", bytes(range(256)) * 20),
                              ("empty.xml", b"<rss><channel></channel></rss>"), ("empty.json", b"[]"),
                              ("none.json", b'{"products":[]}'), ("error.json", b'{"error":"quota"}')]:
            with self.subTest(feed=name):
                result = build(self.dir, self.file(name, content))
                self.assertEqual(result["code"], 3, name + result["err"])
                self.assertIn(name, result["err"] + result["out"])
        self.assertEqual(build(self.dir, os.path.join(self.dir, "missing"))["code"], 3)


class Arguments(Case):
    def test_wrong_usage(self):
        feed = self.file("a.csv", "id,title\n1,one\n")
        for arguments in [["--no-such-option", feed], [], ["--max-errors", "x%", feed], ["--shards", "-1", feed],
                          ["--memory", "lots", feed], ["--as-of", "yesterday", feed]]:
            with self.subTest(arguments=arguments):
                result = build(self.dir, *arguments)
                self.assertEqual(result["code"], 2, result["err"])
                self.assertIn("aisle-indexer build:", result["err"])

    def test_verify_reads_dictionaries_and_settings(self):
        result = build(self.dir, self.file("a.csv", "id,title\n1,one\n"))
        self.assertEqual(result["code"], 0, result["err"])
        index = os.path.join(self.dir, "data/index/0000000000000001")
        names = [n for n in os.listdir(index) if n[0] in "vs" and os.path.isfile(os.path.join(index, n))]
        self.assertEqual({n[0] for n in names}, {"v", "s"})
        for name in names:
            path = os.path.join(index, name)
            with open(path, "rb") as file:
                whole = file.read()
            middle = len(whole) // 2
            for damaged in [whole[:-3], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]]:
                with open(path, "wb") as file:
                    file.write(damaged)
                done = subprocess.run([INDEXER, "verify", "--data", os.path.join(self.dir, "data")],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1, name)
                self.assertIn(name, done.stderr)
            with open(path, "wb") as file:
                file.write(whole)
        self.verify()

    def test_verify_finds_every_wrong_bit_of_the_notes(self):
        self.assertEqual(build(self.dir, self.file("a.csv", "id,title\n1,one\n"))["code"], 0)
        for name in ["GENERATION.json", "candidate.json"]:
            path = glob.glob(os.path.join(self.dir, "data/index/*/g*/" + name))[0]
            with open(path, "rb") as file:
                whole = file.read()
            for at in list(range(0, len(whole), 7)) + [len(whole) - 1]:
                with open(path, "wb") as file:
                    file.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                done = subprocess.run([INDEXER, "verify", "--data", os.path.join(self.dir, "data")],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1, f"{name} at {at}")
                self.assertIn(name, done.stderr)
            with open(path, "wb") as file:
                file.write(whole[:whole.rindex(b"#")])  # as they were before there were seals
            self.verify()
            with open(path, "wb") as file:
                file.write(whole)
        self.verify()

    def test_wrong_settings_name_the_key(self):
        feed = self.file("a.csv", "id,title\n1,one\n")
        for text, key in [('{"searchableAttributes":["title^x"]}', "searchableAttributes"),
                          ('{"customRanking":["up(price)"]}', "customRanking"), ('{"languages":["xx"]}', "xx"),
                          ('{"hitsPerPage":"many"}', "hitsPerPage"), ("{", "offset"), ('{"feeds":5}', "'feeds'"),
                          ('{"feeds":{"kind":"xls"}}', "'feeds.kind'"), ('{"feeds":{"item":5}}', "'feeds.item'"),
                          ('{"feeds":{"separator":";;"}}', "'feeds.separator'"),
                          ('{"feeds":{"fields":["a"]}}', "'feeds.fields'"),
                          ('{"feeds":{"fields":{"title":1}}}', "'feeds.fields.title'")]:
            with self.subTest(settings=text):
                result = build(self.dir, "--settings", self.file("s.json", text), feed)
                self.assertEqual(result["code"], 2, result["err"])
                self.assertIn(key, result["err"])


if __name__ == "__main__":
    unittest.main()
