#include "keys.h"

#include <math.h>
#include <stdlib.h>

#include "message.h"

/*
 * Draws ranks by the method of J. Gray et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994,
 * and spreads the most frequent ones over all keys.
 */
void prepare_keys(struct keys *keys, double exponent)
{
    if (keys->order != ZIPF) return;
    if (keys->count > UINT32_MAX) fail("too many keys for a Zipf distribution");
    double zeta = 0;
    for (uint64_t rank = 1; rank <= keys->count; rank++) zeta += pow((double)rank, -exponent);
    double count = (double)keys->count;
    double zeta_two = 1 + pow(0.5, exponent);
    double alpha = 1 / (1 - exponent);
    double eta = (1 - pow(2 / count, 1 - exponent)) / (1 - zeta_two / zeta);
    keys->drawn = malloc(DRAWN * sizeof *keys->drawn);
    if (!keys->drawn) fail("no memory for keys");
    for (int at = 0; at < DRAWN; at++) {
        double unit = (double)(random_bits(&keys->state) >> 11) * 0x1p-53;
        double scaled = unit * zeta;
        uint64_t rank;
        if (scaled < 1)
            rank = 0;
        else if (scaled < zeta_two)
            rank = 1;
        else
            rank = (uint64_t)(count * pow(eta * unit - eta + 1, alpha));
        if (rank >= keys->count) rank = keys->count - 1;
        /* A prime: with any smaller count it makes a permutation. */
        keys->drawn[at] = (uint32_t)(rank * 2654435761ULL % keys->count);
    }
}
