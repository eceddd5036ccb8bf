#include "server/events/exam.h"

#include <string.h>

#define ROUNDS       100
#define CURVE_WEIGHT 5.0 /* good impressions that the curve before any click stands for, at each position */
#define PAIR_WEIGHT  2.0 /* looks that the rate of all stands for, of each product */

void exam_default(struct exam *e)
{
    for (size_t i = 0; i < EXAM_POSITIONS; i++) {
        e->at[i] = 1 / ((double)i + 1);
    }
}

/* Sums of one round. */
struct sums {
    double clicked[EXAM_POSITIONS];
    double good[EXAM_POSITIONS]; /* impressions by relevance */
    double clicks, looks;        /* of all */
};

/* What one pair's cells say of the positions. */
static void learn_pair(const struct exam *e, const struct exam_cell *cells, size_t count, double rate,
                       struct sums *sums)
{
    double clicks = 0;
    double looks = 0;
    for (size_t i = 0; i < count; i++) {
        clicks += (double)cells[i].clicked;
        looks += (double)cells[i].shown * e->at[cells[i].position - 1];
    }
    double relevance = (clicks + PAIR_WEIGHT * rate) / (looks + PAIR_WEIGHT);
    for (size_t i = 0; i < count; i++) {
        sums->clicked[cells[i].position - 1] += (double)cells[i].clicked;
        sums->good[cells[i].position - 1] += (double)cells[i].shown * relevance;
    }
    sums->clicks += clicks;
    sums->looks += looks;
}

static void learn_curve(struct exam *e, const struct exam *before, const struct sums *sums)
{
    for (size_t i = 0; i < EXAM_POSITIONS; i++) {
        e->at[i] = (sums->clicked[i] + CURVE_WEIGHT * before->at[i]) / (sums->good[i] + CURVE_WEIGHT);
    }
    double first = e->at[0];
    for (size_t i = 0; i < EXAM_POSITIONS; i++) {
        double x = e->at[i] / first;
        e->at[i] = x > 1 ? 1 : x < .01 ? .01 : x;
    }
}

void exam_learn(struct exam *e, const struct exam_cell *cells, size_t count)
{
    struct exam before;
    double rate = .1;
    exam_default(&before);
    *e = before;
    for (int round = 0; round < ROUNDS && count > 0; round++) {
        struct sums sums;
        memset(&sums, 0, sizeof(sums));
        for (size_t i = 0; i < count;) {
            size_t end = i + 1;
            while (end < count && cells[end].pair == cells[i].pair) {
                end++;
            }
            if (end - i > 1) {
                learn_pair(e, cells + i, end - i, rate, &sums);
            }
            i = end;
        }
        rate = sums.looks > 0 ? sums.clicks / sums.looks : rate;
        learn_curve(e, &before, &sums);
    }
}
