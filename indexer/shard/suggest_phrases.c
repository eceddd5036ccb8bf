/* The phrases of an object: what a shopper might type to find it. */
#include "indexer/base/hash.h"
#include "indexer/shard/suggest_internal.h"

void phrases_init(struct phrases *p)
{
    p->count = 0;
    buf_init(&p->text, 1u << 20);
}

void phrases_release(struct phrases *p)
{
    buf_release(&p->text);
}

uint64_t suggest_hash(struct str prefix)
{
    uint64_t hash = hash64(prefix.data, prefix.size);
    return hash ? hash : 1;
}

static void fold(struct phrases *p, struct analysis *analysis, struct str written)
{
    char *to = buf_reserve(&p->text, written.size);
    bool ascii = to != NULL;
    for (size_t i = 0; i < written.size && ascii; i++) {
        unsigned char c = (unsigned char)written.data[i];
        ascii = c < 0x80;
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (ascii)
        p->text.size += written.size;
    else
        analyze_fold(analysis, written, &p->text);
}

/* Adds a phrase unless the object has it already; its folded text is found by offset until the end. */
static void add(struct phrases *p, struct analysis *analysis, struct str written, struct str category,
                enum suggestion_kind kind)
{
    size_t from = p->text.size;
    written = str_trim(written);
    if (p->count == SUGGEST_PER_OBJECT || written.size == 0 || written.size > SUGGEST_KEY_MAX)
        return;
    fold(p, analysis, written);
    size_t size = p->text.size - from;
    bool fresh = size > 0 && size <= SUGGEST_KEY_MAX && !p->text.failed;
    for (size_t i = 0; i < p->count && fresh; i++) {
        struct str other = p->items[i].folded;
        fresh = other.size != size || memcmp(p->text.data + (size_t)other.data, p->text.data + from, size) != 0;
    }
    if (!fresh) {
        p->text.size = from;
        return;
    }
    p->items[p->count++] =
        (struct phrase){.folded = {(const char *)from, size}, .written = written, .category = category, .kind = kind};
}

/* Only spaces between two words: "Sony, headphones" is no phrase. */
static bool joined(struct str text, uint32_t end, uint32_t start)
{
    for (uint32_t i = end; i < start; i++) {
        if (text.data[i] != ' ')
            return false;
    }
    return start > end;
}

static void add_title(struct phrases *p, struct analysis *analysis, struct str title)
{
    const struct token *tokens;
    size_t count, words = 0;
    struct {
        uint32_t start, end;
        bool stop;
    } word[40];
    if (analyze(analysis, title, &tokens, &count) != STATUS_OK)
        return;
    for (size_t i = 0; i < count && words < sizeof(word) / sizeof(word[0]); i++) {
        if (tokens[i].kind != TOKEN_WORD || (words && tokens[i].start < word[words - 1].end))
            continue;
        word[words].start = tokens[i].start;
        word[words].end = tokens[i].end;
        word[words++].stop = tokens[i].stop;
    }
    for (size_t from = 0; from < words; from++) {
        for (size_t to = from; to < words && to < from + SUGGEST_WORDS; to++) {
            if (to > from && !joined(title, word[to - 1].end, word[to].start))
                break;
            bool lonely = from == to && word[from].end - word[from].start < 2;
            if (!word[from].stop && !word[to].stop && !lonely)
                add(p, analysis, str_slice(title, word[from].start, word[to].end), (struct str){0}, SUGGESTION_PHRASE);
        }
    }
}

static void add_category(struct phrases *p, struct analysis *analysis, struct str path)
{
    for (size_t from = 0; from < path.size;) {
        size_t next = str_find(str_slice(path, from, path.size), STR(" > "));
        size_t end = next == SIZE_MAX ? path.size : from + next;
        add(p, analysis, str_slice(path, from, end), str_slice(path, 0, end), SUGGESTION_CATEGORY);
        from = end + 3;
    }
}

static void each_string(const struct json *value, void (*take)(struct phrases *, struct analysis *, struct str),
                        struct phrases *p, struct analysis *analysis)
{
    if (!value)
        return;
    if (value->type == JSON_STRING)
        take(p, analysis, value->text);
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        if (value->items[i].type == JSON_STRING)
            take(p, analysis, value->items[i].text);
    }
}

static void add_brand(struct phrases *p, struct analysis *analysis, struct str brand)
{
    add(p, analysis, brand, (struct str){0}, SUGGESTION_BRAND);
}

void phrases_of(struct phrases *p, const struct settings *settings, struct analysis *analysis,
                const struct json *object)
{
    p->count = 0;
    buf_clear(&p->text);
    const struct str *roles = settings->role_attribute;
    if (roles[ROLE_CATEGORY].size)
        each_string(json_get_path(object, roles[ROLE_CATEGORY]), add_category, p, analysis);
    if (roles[ROLE_BRAND].size)
        each_string(json_get_path(object, roles[ROLE_BRAND]), add_brand, p, analysis);
    if (roles[ROLE_TITLE].size)
        each_string(json_get_path(object, roles[ROLE_TITLE]), add_title, p, analysis);
    for (size_t i = 0; i < p->count; i++)
        p->items[i].folded.data = p->text.data + (size_t)p->items[i].folded.data;
}
