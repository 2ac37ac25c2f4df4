/* Times in buckets that are at most 1.6 % wide: log-linear, as in G. Tene's HdrHistogram. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { SUB_BUCKETS = 64, BUCKETS = SUB_BUCKETS * 40 };

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t total;
};

static inline int bucket_of(uint64_t nanoseconds)
{
    if (nanoseconds < SUB_BUCKETS) return (int)nanoseconds;
    int shift = 63 - __builtin_clzll(nanoseconds) - 6;
    int bucket = (shift + 1) * SUB_BUCKETS + (int)(nanoseconds >> shift) - SUB_BUCKETS;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static inline void record(struct histogram *histogram, uint64_t nanoseconds, uint64_t times)
{
    histogram->counts[bucket_of(nanoseconds)] += times;
    histogram->total += times;
}

/* The middle of the bucket below which a share of the times lies, in nanoseconds; 0 where there are none. */
static inline double percentile(const struct histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)(share * (double)histogram->total);
    uint64_t below = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        below += histogram->counts[bucket];
        if (below <= rank || histogram->counts[bucket] == 0) continue;
        if (bucket < SUB_BUCKETS) return bucket + 0.5;
        int shift = bucket / SUB_BUCKETS - 1;
        return ((double)(bucket % SUB_BUCKETS + SUB_BUCKETS) + 0.5) * (double)(1ULL << shift);
    }
    return 0;
}

#endif
