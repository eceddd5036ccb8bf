"""Xapian's part of engines.py: its module belongs to the system's Python."""
import os
import sys

import xapian

HITS = 100


def main():
    folder, products, queries, *weights = sys.argv[1:]
    db = xapian.WritableDatabase(os.path.join(folder, "db"), xapian.DB_CREATE_OR_OVERWRITE)
    generator = xapian.TermGenerator()
    generator.set_stemmer(xapian.Stem("english"))
    generator.set_stemming_strategy(xapian.TermGenerator.STEM_ALL)
    with open(products, encoding="utf-8") as f:
        for line in f:
            key, *texts = line.rstrip("\n").split("\t")
            document = xapian.Document()
            generator.set_document(document)
            for text, weight in zip(texts, weights):
                generator.index_text_without_positions(text, int(weight))
            document.set_data(key)
            db.add_document(document)
    db.commit()
    parser = xapian.QueryParser()
    parser.set_database(db)
    parser.set_stemmer(xapian.Stem("english"))
    parser.set_stemming_strategy(xapian.QueryParser.STEM_ALL)
    parser.set_default_op(xapian.Query.OP_OR)
    enquire = xapian.Enquire(db)
    with open(queries, encoding="utf-8") as f:
        for line in f:
            key, text = line.rstrip("\n").split("\t")
            enquire.set_query(parser.parse_query(text, 0))
            for match in enquire.get_mset(0, HITS):
                print(f"{key}\t{match.document.get_data().decode()}")


main()
