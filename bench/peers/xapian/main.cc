// Xapian in process, for bench/peers: `build FEED_DIR INDEX` and `serve INDEX`. A word of the title counts three times.
// Facets by ValueCountMatchSpy, totals made exact by checking every match, the database compacted into one file.
#include <xapian.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "bench/peers/driver.h"

namespace
{
enum { SLOT_PRICE, SLOT_POPULARITY, SLOT_ID, SLOT_FACETS };

void add_words(Xapian::Document &doc, const char *text, Xapian::termcount weight)
{
    std::string words = text;

    for (size_t at = 0; at < words.size();) {
        size_t end = words.find(' ', at);
        end = end == std::string::npos ? words.size() : end;
        doc.add_term(words.substr(at, end - at), weight);
        at = end + 1;
    }
}

void add(void *peer, const struct driver_product *p)
{
    auto *db = static_cast<Xapian::WritableDatabase *>(peer);
    Xapian::Document doc;
    const char *values[DRIVER_FACETS];

    add_words(doc, p->title, 3);
    add_words(doc, p->description, 1);
    for (int i = 0; i < DRIVER_LEVELS && p->levels[i]; i++)
        doc.add_boolean_term(std::string("XC") + p->levels[i]);
    doc.add_boolean_term(std::string("XB") + p->brand);
    doc.add_value(SLOT_PRICE, Xapian::sortable_serialise(static_cast<double>(p->price_cents)));
    doc.add_value(SLOT_POPULARITY, Xapian::sortable_serialise(static_cast<double>(p->popularity)));
    doc.add_value(SLOT_ID, p->id);
    driver_facet_values(p, values);
    for (unsigned f = 0; f < DRIVER_FACETS; f++) {
        if (*values[f])
            doc.add_value(SLOT_FACETS + f, values[f]);
    }
    db->add_document(doc);
}

void build(const char *feed, const std::string &path)
{
    std::string parts = path + ".parts";
    {
        Xapian::WritableDatabase db(parts, Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_BACKEND_GLASS);
        (void)driver_products(feed, &db, add);
        db.commit();
        db.compact(path, Xapian::DBCOMPACT_SINGLE_FILE | Xapian::Compactor::FULLER);
    }
    std::string command = "rm -rf '" + parts + "'";
    if (std::system(command.c_str()) != 0)
        driver_fail("cannot remove '%s'", parts.c_str());
}

Xapian::Query query_of(const struct driver_mode *mode, const struct driver_query *q)
{
    std::vector<Xapian::Query> words, filters;

    for (size_t i = 0; i < q->word_count; i++) {
        bool prefix = mode->prefix && i + 1 == q->word_count;
        words.push_back(prefix ? Xapian::Query(Xapian::Query::OP_WILDCARD, std::string(q->words[i]))
                               : Xapian::Query(std::string(q->words[i])));
    }
    Xapian::Query all = words.empty() ? Xapian::Query::MatchAll
                                      : Xapian::Query(mode->any ? Xapian::Query::OP_OR : Xapian::Query::OP_AND,
                                                      words.begin(), words.end());
    if (*q->category)
        filters.push_back(Xapian::Query(std::string("XC") + q->category));
    if (*q->brand)
        filters.push_back(Xapian::Query(std::string("XB") + q->brand));
    if (q->low_cents >= 0)
        filters.push_back(Xapian::Query(Xapian::Query::OP_VALUE_RANGE, SLOT_PRICE,
                                        Xapian::sortable_serialise(static_cast<double>(q->low_cents)),
                                        Xapian::sortable_serialise(static_cast<double>(q->high_cents))));
    if (!filters.empty())
        all = Xapian::Query(Xapian::Query::OP_FILTER, all,
                            Xapian::Query(Xapian::Query::OP_AND, filters.begin(), filters.end()));
    return all;
}

void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    auto *db = static_cast<Xapian::Database *>(peer);
    Xapian::Enquire enquire(*db);
    std::vector<std::unique_ptr<Xapian::ValueCountMatchSpy>> spies;

    if (mode->suggest || mode->typo)
        driver_fail("there is no such search");
    enquire.set_query(query_of(mode, q));
    if (mode->popularity || !q->word_count)
        enquire.set_sort_by_value(SLOT_POPULARITY, true);
    for (unsigned f = 0; mode->facets && f < DRIVER_FACETS; f++) {
        spies.push_back(std::make_unique<Xapian::ValueCountMatchSpy>(SLOT_FACETS + f));
        enquire.add_matchspy(spies.back().get());
    }
    Xapian::MSet found = enquire.get_mset(0, mode->top, mode->total ? db->get_doccount() : 0);
    for (auto i = found.begin(); i != found.end(); ++i)
        answer->top_count += i.get_document().get_value(SLOT_ID).size() > 0;
    answer->hits = mode->total ? static_cast<int64_t>(found.get_matches_estimated()) : -1;
    for (unsigned f = 0; f < spies.size(); f++) {
        uint64_t sum = 0;
        for (auto i = spies[f]->top_values_begin(DRIVER_FACET_VALUES); i != spies[f]->top_values_end(10); ++i)
            sum += i.get_termfreq();
        driver_facet(answer, f, sum);
    }
}
} // namespace

int main(int argc, char **argv)
{
    try {
        if (argc == 4 && strcmp(argv[1], "build") == 0) {
            build(argv[2], argv[3]);
            return 0;
        }
        if (argc != 3 || strcmp(argv[1], "serve") != 0)
            driver_fail("usage: xapian-driver build FEED_DIR INDEX | xapian-driver serve INDEX");
        Xapian::Database db{std::string(argv[2])};
        fprintf(stderr, "xapian: %u products\n", db.get_doccount());
        return driver_serve(&db, run);
    } catch (const Xapian::Error &e) {
        driver_fail("Xapian: %s", e.get_description().c_str());
    } catch (const std::exception &e) {
        driver_fail("%s", e.what());
    }
}
