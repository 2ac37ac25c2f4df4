/* Which key comes next. */
#ifndef KEYS_H
#define KEYS_H

#include <stdint.h>

enum order { UNIFORM, ZIPF, SEQUENTIAL };

struct keys {
    enum order order;
    uint64_t first;
    uint64_t count;
    uint64_t position;
    uint64_t state;
    /* Numbers drawn beforehand, for distributions that take time to draw from. */
    uint32_t *drawn;
};

void prepare_keys(struct keys *keys, double exponent);

static inline uint64_t random_bits(uint64_t *state)
{
    /* SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014). */
    uint64_t bits = (*state += 0x9e3779b97f4a7c15ULL);
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
    return bits ^ (bits >> 31);
}

enum { DRAWN = 1 << 22 };

static inline uint64_t next_key(struct keys *keys)
{
    switch (keys->order) {
    case SEQUENTIAL: return keys->first + keys->position++ % keys->count;
    case ZIPF: return keys->first + keys->drawn[keys->position++ % DRAWN];
    case UNIFORM: break;
    }
    return keys->first + (uint64_t)(((unsigned __int128)random_bits(&keys->state) * keys->count) >> 64);
}

#endif
