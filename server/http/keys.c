#include "server/http/keys.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "indexer/base/file.h"
#include "indexer/base/hash.h"
#include "indexer/base/json.h"

#define KEYS_FILE_MAX (1u << 20)
#define KEY_BYTES_MAX 512 /* longer ones are not looked at */
#define KEY_ID_MAX    64  /* of an id what is shown */

struct key {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    enum key_scope scope;
    char id[KEY_ID_MAX + 1];
};

struct keys {
    size_t count;
    struct key items[];
};

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_digest(struct str hex, unsigned char digest[SHA256_DIGEST_LENGTH])
{
    if (hex.size != (size_t)SHA256_DIGEST_LENGTH * 2) {
        return false;
    }
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        int high = nibble(hex.data[2 * i]);
        int low = nibble(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        digest[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static enum status parse_key(const struct json *entry, size_t number, struct key *out, struct error *err)
{
    struct str acl = {0};
    struct str digest = {0};
    if (!json_string(json_get(entry, "acl"), &acl) ||
        !(str_equal(acl, STR("admin")) || str_equal(acl, STR("search")))) {
        return error_set(err, STATUS_INPUT, "'keys[%zu].acl' must be \"admin\" or \"search\"", number);
    }
    if (!json_string(json_get(entry, "sha256"), &digest) || !parse_digest(digest, out->digest)) {
        return error_set(err, STATUS_INPUT, "'keys[%zu].sha256' must be 64 hexadecimal digits", number);
    }
    out->scope = str_equal(acl, STR("admin")) ? SCOPE_ADMIN : SCOPE_SEARCH;
    struct str id = {0};
    if (json_string(json_get(entry, "id"), &id)) {
        memcpy(out->id, id.data, str_utf8_cut(id, id.size < KEY_ID_MAX ? id.size : KEY_ID_MAX));
    }
    return STATUS_OK;
}

static enum status parse_keys(struct keys **out, const struct json *document, struct error *err)
{
    const struct json *list = json_get(document, "keys");
    if (!list || list->type != JSON_ARRAY || list->count == 0) {
        return error_set(err, STATUS_INPUT, "'keys' must be an array of keys; see aisle-server --make-keys");
    }
    struct keys *k = xcalloc(1, sizeof(*k) + list->count * sizeof(k->items[0]));
    for (uint32_t i = 0; i < list->count; i++) {
        enum status status = parse_key(&list->items[i], i, &k->items[i], err);
        if (status != STATUS_OK) {
            free(k);
            return status;
        }
    }
    k->count = list->count;
    *out = k;
    return STATUS_OK;
}

enum status keys_load(struct keys **out, const char *path, struct error *err)
{
    struct buf text;
    struct arena arena;
    struct json document;
    *out = NULL;
    buf_init(&text, KEYS_FILE_MAX);
    arena_init(&arena, KEYS_FILE_MAX * 8);
    enum status status = file_read_all(path, &text, KEYS_FILE_MAX, err);
    if (status != STATUS_OK) {
        goto out;
    }
    status = json_parse(buf_str(&text), &arena, &document, err);
    if (status == STATUS_OK) {
        status = parse_keys(out, &document, err);
    }
    if (status != STATUS_OK) {
        error_prefix(err, "'%s'", path);
    }
out:
    arena_release(&arena);
    buf_release(&text);
    return status;
}

void keys_free(struct keys *k)
{
    free(k);
}

enum key_scope keys_check(const struct keys *k, struct str key)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned scope = SCOPE_NONE;
    if (key.size == 0 || key.size > KEY_BYTES_MAX) {
        return SCOPE_NONE;
    }
    SHA256((const unsigned char *)key.data, key.size, digest);
    for (size_t i = 0; i < k->count; i++) {
        unsigned same = CRYPTO_memcmp(digest, k->items[i].digest, sizeof(digest)) == 0;
        scope |= (0u - same) & (unsigned)k->items[i].scope;
    }
    assert(scope <= SCOPE_ADMIN || scope == (SCOPE_ADMIN | SCOPE_SEARCH));
    return scope & SCOPE_ADMIN ? SCOPE_ADMIN : (enum key_scope)scope;
}

const char *keys_id(const struct keys *k, struct str key)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *id = "";
    if (key.size == 0 || key.size > KEY_BYTES_MAX) {
        return id;
    }
    SHA256((const unsigned char *)key.data, key.size, digest);
    for (size_t i = 0; i < k->count; i++) {
        if (CRYPTO_memcmp(digest, k->items[i].digest, sizeof(digest)) == 0) {
            id = k->items[i].id;
        }
    }
    return id;
}

static void to_hex(const unsigned char *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

static void make_key(const char *acl, char text[KEY_TEXT_SIZE], struct buf *file)
{
    unsigned char secret[32];
    unsigned char id[4];
    char id_text[9];
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char digest_text[2 * SHA256_DIGEST_LENGTH + 1];
    random_bytes(secret, sizeof(secret));
    random_bytes(id, sizeof(id));
    to_hex(secret, sizeof(secret), text);
    to_hex(id, sizeof(id), id_text);
    SHA256((const unsigned char *)text, KEY_TEXT_SIZE - 1, digest);
    to_hex(digest, sizeof(digest), digest_text);
    buf_printf(file, "    {\"id\": \"%s-%s\", \"acl\": \"%s\", \"sha256\": \"%s\"}", acl, id_text, acl, digest_text);
    OPENSSL_cleanse(secret, sizeof(secret));
}

enum status keys_make(const char *path, char admin[KEY_TEXT_SIZE], char search[KEY_TEXT_SIZE], struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct file *file = NULL;
    buf_literal(&text, "{\n  \"keys\": [\n");
    make_key("admin", admin, &text);
    buf_literal(&text, ",\n");
    make_key("search", search, &text);
    buf_literal(&text, "\n  ]\n}\n");
    mode_t mask = umask(077);
    enum status status = file_open(&file, path, FILE_CREATE, err);
    umask(mask);
    if (status == STATUS_OK) {
        status = file_write_at(file, 0, text.data, text.size, err);
    }
    if (status == STATUS_OK) {
        status = file_sync(file, err);
    }
    file_close(file);
    buf_release(&text);
    return status;
}
