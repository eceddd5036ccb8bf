"""A damaged or missing file of suggestions: searches and updates go on, everything says so, a new generation repairs."""
import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402


class DamagedSuggestions(Case):
    def setUp(self):
        super().setUp()
        self.build("2020-01-01")
        self.path = glob.glob(os.path.join(self.data, "index/*/g*/suggest.aisle"))[0]
        with open(self.path, "rb") as file:
            self.whole = file.read()

    def build(self, as_of):
        feed = self.lines("feed.ndjson", [{"objectID": str(i), "title": f"Steel kettle {i}", "stock": 5}
                                          for i in range(30)])
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", as_of, feed)

    def damage(self, content):
        if os.path.exists(self.path):
            os.unlink(self.path)
        if content is not None:
            with open(self.path, "wb") as file:
                file.write(content)

    def suggest(self, text):
        answer = self.ok("POST", "/1/indexes/shop/suggest", {"query": text, "products": 1})
        return len(answer["suggestions"]), answer.get("partial", False), answer["nbHits"]

    def damaged_indexes(self):
        text = self.request("GET", "/metrics")[1]
        return [line.split()[1] for line in text.splitlines()
                if line.startswith("aisle_indexes_suggestions_damaged ")]

    def test_goes_on_without(self):
        flipped = bytearray(self.whole)
        flipped[len(flipped) // 2] ^= 1
        wrong_size = bytearray(self.whole)
        wrong_size[4] ^= 1
        for content in [None, b"", b"short", b"\0" * 4096, self.whole[:-9], bytes(wrong_size), bytes(flipped)]:
            for options in [[], ["--verify-on-start"]]:
                self.damage(content)
                verified = self.indexer("verify", "--data", self.data, code=1)
                self.assertIn("suggest.aisle", verified.stderr)
                self.assertIsNone(self.start(*options), self.server_log())
                self.assertEqual(self.found("kettle"), 30)
                self.assertEqual(self.suggest("ket"), (0, True, 30))
                self.assertEqual(self.damaged_indexes(), ["1"])
                self.ok("POST", "/1/indexes/shop/1/partial", {"stock": 7})
                self.assertEqual(self.ok("GET", "/1/indexes/shop/1")["stock"], 7)
                self.stop()
                self.assertIn("suggestions", self.server_log())
                os.unlink(os.path.join(self.dir, "server.log"))

    def test_repairs(self):
        self.damage(b"short")
        self.start()
        self.ok("PUT", "/1/indexes/shop/new", {"title": "Iron pan"})  # what comes now is suggested
        found, partial, hits = self.suggest("pan")
        self.assertGreater(found, 0)
        self.assertEqual((partial, hits), (True, 1))
        self.build("2020-01-02")
        self.assertEqual(self.damaged_indexes(), ["0"])
        found, partial, _ = self.suggest("ket")
        self.assertGreater(found, 0)
        self.assertFalse(partial)
        self.ok("POST", "/1/indexes/shop/rollback")  # the way back stays open
        self.assertEqual(self.damaged_indexes(), ["1"])
        self.stop()


if __name__ == "__main__":
    unittest.main()
