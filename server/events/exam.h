#ifndef AISLE_SERVER_EVENTS_EXAM_H
#define AISLE_SERVER_EVENTS_EXAM_H

/*
 * How likely a shopper looks at a position, told by the clicks themselves. The position-based model (Chuklin, Markov,
 * de Rijke: "Click models for web search", 2015, section 4.2): a product is clicked when its position is looked at
 * (exam) and it is found good (relevance), independently. Products that are seen at more than one position tell the two
 * apart (Agarwal, Zaitsev, Wang, Li, Najork, Joachims: "Estimating position bias without intrusive interventions", WSDM
 * 2019); a list that never changes leaves open whether what is above is clicked since it is above or since it is good.
 * So only those products are asked. Their clicks are taken as Poisson counts of mean shown * exam * relevance, and the
 * likelihood is maximized over exams and relevances in turn, each of which has a closed form:
 *
 *   relevance = (clicks + PAIR_WEIGHT * rate) / (sum of shown * exam + PAIR_WEIGHT)
 *   exam      = (clicks + CURVE_WEIGHT * before) / (sum of shown * relevance + CURVE_WEIGHT)
 *
 * where `before` is the curve before any click, 1 / position (Joachims, Swaminathan, Schnabel: "Unbiased
 * learning-to-rank with biased feedback", WSDM 2017). Wang, Golbandi, Bendersky, Metzler, Najork ("Position bias
 * estimation for unbiased learning to rank in personal search", WSDM 2018) estimate the same by EM, which takes many
 * more rounds here.
 *
 * Exams are relative to the first position's, which is 1.
 */
#include <stddef.h>
#include <stdint.h>

#define EXAM_POSITIONS 50 /* what is behind is taken for the last of them */

struct exam {
    double at[EXAM_POSITIONS]; /* by position - 1 */
};

/* One product for one query at one position. */
struct exam_cell {
    uint32_t pair; /* which product and query, ascending */
    uint8_t position;
    float shown, clicked;
};

void exam_default(struct exam *e);
static inline double exam_of(const struct exam *e, uint32_t position)
{
    return e->at[position == 0 ? 0 : position <= EXAM_POSITIONS ? position - 1 : EXAM_POSITIONS - 1];
}
/* Estimates anew. */
void exam_learn(struct exam *e, const struct exam_cell *cells, size_t count);

#endif
