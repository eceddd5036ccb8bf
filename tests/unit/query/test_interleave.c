/* Team-draft interleaving: what the lists are, that neither ranking is favoured, that pages fit together. */
#include "server/query/interleave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/random.h"

enum { MOST = 40 };

struct rankings {
    uint64_t keys[2][MOST];
    struct interleave_ranking side[2];
};

/* Two orders of some of 50 items. */
static void make(struct rankings *r, struct random *random)
{
    for (int s = 0; s < 2; s++) {
        size_t count = random_below(random, MOST + 1);
        for (size_t i = 0; i < count;) {
            uint64_t key = random_below(random, 50);
            size_t k = 0;
            while (k < i && r->keys[s][k] != key)
                k++;
            if (k == i)
                r->keys[s][i++] = key;
        }
        r->side[s] = (struct interleave_ranking){r->keys[s], count};
    }
    if (random_chance(random, 30)) { /* the same beginning */
        size_t same = random_below(random, r->side[0].count + 1);
        memcpy(r->keys[1], r->keys[0], same * sizeof(uint64_t));
        r->side[1].count = r->side[1].count > same ? r->side[1].count : same;
        for (size_t i = 0; i < r->side[1].count; i++) { /* no key twice */
            for (size_t k = 0; k < i; k++) {
                if (r->keys[1][k] == r->keys[1][i])
                    r->side[1].count = i;
            }
        }
    }
}

static uint64_t key_of(const struct rankings *r, const struct interleave_pick *p)
{
    return r->side[p->side].keys[p->place];
}

static void test_known(void **state)
{
    static const uint64_t a[] = {1, 2, 3, 4}, b[] = {1, 5, 2, 6};
    struct interleave_ranking ra = {a, 4}, rb = {b, 4};
    bool seen[2] = {false, false};

    (void)state;
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct interleave_pick p[MOST];
        size_t n = interleave_draft(&ra, &rb, seed, p, MOST);
        assert_int_equal(n, 6);
        assert_int_equal(p[0].team, TEAM_NONE);
        /* 2 and 5 in either order, then 3 and 6 */
        bool a_first = p[1].team == TEAM_A;
        seen[a_first] = true;
        assert_int_equal(p[1 + !a_first].place, 1);
        assert_int_equal(p[1 + !a_first].team, TEAM_A);
        assert_int_equal(p[1 + a_first].place, 1);
        assert_int_equal(p[1 + a_first].team, TEAM_B);
        /* then 3 and 6; B has nothing left, so that 4 is nobody's */
        assert_true(p[3].team != p[4].team && p[3].team && p[4].team);
        assert_int_equal(p[5].team, TEAM_NONE);
        assert_int_equal(p[5].place, 3);
    }
    assert_true(seen[0] && seen[1]);
}

static void test_equal_rankings_have_no_teams(void **state)
{
    struct random random = random_start("equal rankings");
    (void)state;
    for (size_t round = 0; round < random_rounds(500, 50000); round++) {
        struct rankings r;
        struct interleave_pick p[MOST];
        make(&r, &random);
        size_t n = interleave_draft(&r.side[0], &r.side[0], random_next(&random), p, MOST);
        assert_int_equal(n, r.side[0].count);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i].team, TEAM_NONE);
            assert_int_equal(p[i].place, i);
        }
    }
}

/* Whole, nothing twice, each side's in its order, teams balanced, and a shorter list is the beginning of a longer. */
static void test_lists(void **state)
{
    struct random random = random_start("lists");
    (void)state;
    for (size_t round = 0; round < random_rounds(2000, 200000); round++) {
        struct rankings r;
        struct interleave_pick p[2 * MOST], beginning[2 * MOST];
        uint64_t seed = random_next(&random);
        uint64_t seen = 0, all = 0;
        size_t last[2] = {0, 0}, of_team[3] = {0, 0, 0};
        make(&r, &random);
        size_t n = interleave_draft(&r.side[0], &r.side[1], seed, p, sizeof(p) / sizeof(*p));
        for (size_t i = 0; i < n; i++) {
            uint64_t bit = UINT64_C(1) << key_of(&r, &p[i]);
            assert_false(seen & bit);
            seen |= bit;
            assert_true(last[p[i].side] <= p[i].place);
            last[p[i].side] = p[i].place;
            of_team[p[i].team]++;
            assert_true(of_team[TEAM_A] <= of_team[TEAM_B] + 1 && of_team[TEAM_B] <= of_team[TEAM_A] + 1);
            if (p[i].team)
                assert_int_equal(p[i].team, p[i].side ? TEAM_B : TEAM_A);
        }
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < r.side[s].count; i++)
                all |= UINT64_C(1) << r.keys[s][i];
        }
        assert_int_equal(seen, all);
        size_t cut = random_below(&random, n + 1);
        struct interleave_ranking a = r.side[0], b = r.side[1];
        a.count = a.count > cut ? cut : a.count; /* so much of each is enough */
        b.count = b.count > cut ? cut : b.count;
        size_t shorter = interleave_draft(&a, &b, seed, beginning, cut);
        assert_int_equal(shorter, cut);
        for (size_t i = 0; i < cut; i++) {
            assert_int_equal(key_of(&r, &beginning[i]), key_of(&r, &p[i]));
            assert_int_equal(beginning[i].team, p[i].team);
        }
    }
}

/* Over the seeds, whoever is called A: each item is as often at each place, and in the mirrored team. */
static void test_no_side_is_favoured(void **state)
{
    enum { SEEDS = 20000, SHOWN = 8, ITEMS = 50 };
    struct random random = random_start("sides");
    static double places[2][ITEMS][SHOWN], teams[2][3];
    struct rankings r;
    (void)state;
    do {
        make(&r, &random);
    } while (r.side[0].count < SHOWN || r.side[1].count < SHOWN);
    memset(places, 0, sizeof(places));
    memset(teams, 0, sizeof(teams));
    for (int swapped = 0; swapped < 2; swapped++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct interleave_pick p[SHOWN];
            size_t n =
                interleave_draft(&r.side[swapped], &r.side[!swapped], seed + (uint64_t)swapped * SEEDS, p, SHOWN);
            for (size_t i = 0; i < n; i++) {
                static const uint8_t mirrored[] = {TEAM_NONE, TEAM_B, TEAM_A};
                uint64_t key = r.side[swapped ? !p[i].side : p[i].side].keys[p[i].place];
                places[swapped][key][i] += 1. / SEEDS;
                teams[swapped][swapped ? mirrored[p[i].team] : p[i].team] += 1. / SEEDS;
            }
        }
    }
    for (int team = 0; team < 3; team++) /* five standard errors of a difference of counts up to SHOWN */
        assert_true(teams[0][team] - teams[1][team] < .3 && teams[1][team] - teams[0][team] < .3);
    for (size_t key = 0; key < ITEMS; key++) {
        for (size_t i = 0; i < SHOWN; i++) {
            double d = places[0][key][i] - places[1][key][i];
            assert_true(d < .025 && d > -.025); /* five standard errors: sqrt(2 * .25 / SEEDS) = .005 */
        }
    }
}

/* A shopper who clicks whatever is shown prefers neither. */
static void test_random_clicks_prefer_neither(void **state)
{
    struct random random = random_start("random clicks");
    double balance = 0, count = 0;
    (void)state;
    for (size_t round = 0; round < 40000; round++) {
        struct rankings r;
        struct interleave_pick p[10];
        make(&r, &random);
        size_t n = interleave_draft(&r.side[0], &r.side[1], random_next(&random), p, 10);
        if (!n)
            continue;
        /* the first is clicked far more often than the last */
        size_t clicked = random_below(&random, n);
        clicked = random_below(&random, clicked + 1);
        balance += p[clicked].team == TEAM_B ? 1 : p[clicked].team == TEAM_A ? -1 : 0;
        count++;
    }
    assert_true(count > 30000);
    assert_true(balance / count < .025 && balance / count > -.025);
}

static void test_seeds(void **state)
{
    struct str name = STR("new");
    double shared = 0;

    (void)state;
    uint64_t seed = interleave_seed(name, 1, STR("u1"), STR("red shoe"));
    assert_int_equal(seed, interleave_seed(name, 1, STR("u1"), STR(" Red SHOE ")));
    assert_int_not_equal(seed, interleave_seed(name, 2, STR("u1"), STR("red shoe")));
    assert_int_not_equal(seed, interleave_seed(name, 1, STR("u2"), STR("red shoe")));
    assert_int_not_equal(seed, interleave_seed(name, 1, STR("u1"), STR("red shoes")));
    assert_int_not_equal(seed, interleave_seed(STR("old"), 1, STR("u1"), STR("red shoe")));
    /* what belongs to one text can't move to the next */
    assert_int_not_equal(interleave_seed(name, 1, STR("ab"), STR("c")), interleave_seed(name, 1, STR("a"), STR("bc")));
    for (int i = 0; i < 2000; i++) {
        char token[16];
        int size = snprintf(token, sizeof(token), "u%d", i);
        struct str who = {token, (size_t)size};
        double x = interleave_share(name, 1, who, STR("a"));
        assert_true(x >= 0 && x < 1);
        assert_true(x == interleave_share(name, 1, who, STR("another")));
        shared += x < .3;
    }
    assert_true(shared > 500 && shared < 700); /* 600, a standard error of 20 */
    assert_true(interleave_share(name, 1, STR(""), STR("a")) != interleave_share(name, 1, STR(""), STR("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_equal_rankings_have_no_teams),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_no_side_is_favoured),
        cmocka_unit_test(test_random_clicks_prefer_neither),
        cmocka_unit_test(test_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
