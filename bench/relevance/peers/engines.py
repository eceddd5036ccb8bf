"""Other engines over the same products: the same fields, the same weights, any word of the query, English stemming.

Each engine gives one or more labelled results {query id: [product ids]}, 100 a query at most.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile

NAMES = ["sqlite", "xapian", "postgresql", "lucene"]
WEIGHTS = {"title": 3, "model": 1.5, "brand": 2, "category": 3, "short": 2, "description": 1, "attributes": .5}
HITS = 100
HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    pass


def search(name, rows, fields, queries, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return {"sqlite": sqlite, "xapian": xapian, "postgresql": postgresql, "lucene": lucene}[name](
        rows, fields, queries, folder)


def words(text):
    return re.findall(r"\w+", text.lower())


def sqlite(rows, fields, queries, folder):
    """FTS5, bm25 with a weight a column."""
    db = sqlite3.connect(os.path.join(folder, "db"))
    try:
        db.execute(f"create virtual table p using fts5(id unindexed, {', '.join(fields)}, "
                   "tokenize='porter unicode61')")
    except sqlite3.OperationalError as error:
        raise Missing(str(error)) from error
    marks = ",".join("?" * (len(fields) + 1))
    db.executemany(f"insert into p values ({marks})", ([key, *(texts[f] for f in fields)] for key, texts in rows))
    weights = ", ".join(str(WEIGHTS[f]) for f in fields)
    results = {}
    for key, text in queries:
        match = " OR ".join(f'"{w}"' for w in words(text))
        found = db.execute(f"select id from p where p match ? order by bm25(p, 0, {weights}), rowid limit {HITS}",
                           (match,)) if match else []
        results[key] = [row[0] for row in found]
    db.close()
    return [("SQLite FTS5", results)]


def xapian(rows, fields, queries, folder):
    """BM25; a field's weight multiplies the frequencies of its words."""
    here = os.path.join(HERE, "xapian_search.py")
    python = "/usr/bin/python3"
    if not os.path.exists(python) or subprocess.run([python, "-c", "import xapian"], capture_output=True).returncode:
        raise Missing("there is no python3-xapian")
    tables = write_tables(rows, fields, queries, folder)
    out = subprocess.run([python, here, folder, *tables, *[str(int(2 * WEIGHTS[f])) for f in fields]], check=True,
                         capture_output=True, text=True).stdout
    return [("Xapian BM25", read_lines(out, queries)[""])]


def lucene(rows, fields, queries, folder):
    """BM25 of the best field and of all fields, and combined fields (BM25F)."""
    jars = []
    for name in ("lucene-core", "lucene-analyzers-common", "lucene-sandbox"):
        found = sorted(f for f in os.listdir("/usr/share/java") if re.fullmatch(name + r"-8[\d.]*\.jar", f)) if \
            os.path.isdir("/usr/share/java") else []
        if not found:
            raise Missing("there is no liblucene8-java")
        jars.append(os.path.join("/usr/share/java", found[-1]))
    if not shutil.which("java") or not shutil.which("javac"):
        raise Missing("there is no Java compiler")
    tables = write_tables(rows, fields, queries, folder)
    done = subprocess.run(["java", "-cp", ":".join(jars), os.path.join(HERE, "LuceneSearch.java"),
                           os.path.join(folder, "index"), *tables, *[str(WEIGHTS[f]) for f in fields]],
                          capture_output=True, text=True)
    if done.returncode:
        raise Missing(done.stderr.strip().split("\n")[0])
    found = read_lines(done.stdout, queries)
    return [(f"Lucene {name}", found[name]) for name in ("BM25, sum of fields", "BM25, best field", "combined fields")]


def write_tables(rows, fields, queries, folder):
    """Products and queries as lines of cells separated by tabs."""
    def clean(text):
        return re.sub(r"\s+", " ", text)
    with open(os.path.join(folder, "products.tsv"), "w", encoding="utf-8") as f:
        for key, texts in rows:
            f.write("\t".join([key, *(clean(texts[name]) for name in fields)]) + "\n")
    with open(os.path.join(folder, "queries.tsv"), "w", encoding="utf-8") as f:
        for key, text in queries:
            f.write(f"{key}\t{clean(text)}\n")
    return [os.path.join(folder, "products.tsv"), os.path.join(folder, "queries.tsv")]


def read_lines(text, queries):
    """Lines "query, document[, label]" in the order of places, by label."""
    found = {}
    for line in text.splitlines():
        cells = line.split("\t")
        label = cells[2] if len(cells) > 2 else ""
        found.setdefault(label, {key: [] for key, _ in queries})[cells[0]].append(cells[1])
    return found


# PostgreSQL has four weights: the fields share them, the highest first.
CLASSES = [("A", 3), ("B", 2), ("C", 1), ("D", .5)]


def postgresql(rows, fields, queries, folder):
    """ts_rank over a weighted tsvector, divided by 1 + the logarithm of its length; a cluster of its own."""
    base = "/usr/lib/postgresql"
    versions = sorted(os.listdir(base), key=float) if os.path.isdir(base) else []
    if not versions:
        raise Missing("there is no postgresql")
    programs = os.path.join(base, versions[-1], "bin")
    place = tempfile.mkdtemp(prefix="aisle-postgresql-")
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(place, "postgres")

    def command(name, *arguments, **more):
        return subprocess.run([*as_user, os.path.join(programs, name), *arguments], check=True, capture_output=True,
                              text=True, cwd=place, **more)
    try:
        command("initdb", "-D", place + "/data", "-E", "UTF8", "--no-locale", "-A", "trust", "-U", "postgres")
        command("pg_ctl", "-D", place + "/data", "-w", "-l", place + "/log", "-o",
                f"-k {place} -c listen_addresses='' -c fsync=off", "start")
        script = "".join(postgresql_script(rows, fields, queries))
        out = command("psql", "-h", place, "-U", "postgres", "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                      input=script).stdout
    except subprocess.CalledProcessError as error:
        raise Missing((error.stderr or error.stdout).strip().split("\n")[0]) from error
    finally:
        subprocess.run([*as_user, os.path.join(programs, "pg_ctl"), "-D", place + "/data", "-m", "immediate", "stop"],
                       capture_output=True, cwd="/")
        shutil.rmtree(place, ignore_errors=True)
    return [("PostgreSQL ts_rank", read_lines(out, queries)[""])]


def postgresql_script(rows, fields, queries):
    def cell(text):
        return re.sub(r"[\\\t\n\r\0]", " ", text)
    names = ", ".join("f_" + f + " text" for f in fields)
    yield f"create table p (id text, {names}, v tsvector);\n"
    columns = ", ".join("f_" + f for f in fields)
    yield f"copy p (id, {columns}) from stdin;\n"
    for key, texts in rows:
        yield "\t".join([cell(key), *(cell(texts[f]) for f in fields)]) + "\n"
    yield "\\.\n"
    parts = []
    for f in fields:
        label = min(CLASSES, key=lambda c: (abs(c[1] - WEIGHTS[f]), -c[1]))[0]
        parts.append(f"setweight(to_tsvector('english', f_{f}), '{label}')")
    yield f"update p set v = {' || '.join(parts)};\ncreate index on p using gin (v);\n"
    top = CLASSES[0][1]
    weights = ", ".join(str(weight / top) for _, weight in reversed(CLASSES))
    for key, text in queries:
        any_word = " | ".join(words(text))
        if any_word:
            yield (f"select '{cell(key)}', id from p, to_tsquery('english', '{any_word}') q where v @@ q "
                   f"order by ts_rank('{{{weights}}}', v, q, 1) desc, id limit {HITS};\n")
