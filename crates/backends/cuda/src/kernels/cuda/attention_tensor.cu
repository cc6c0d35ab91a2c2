// One warp some tiles of 16 queries, everything in registers: fragments are loaded from memory as they are needed. Sums
// over the width may be taken in any order, so that a thread has elements of Q and K that lie next to each other; and
// columns of V are dealt out such that each thread loads, and in the end stores, neighbours.
typedef ${QUERY} Number;
constexpr unsigned QUERIES = ${QUERIES}, KEYS = ${KEYS}, WIDTH = ${WIDTH}, VALUE_WIDTH = ${VALUE_WIDTH};
constexpr unsigned TILES = ${TILES}, PARTS = (QUERIES + 16 * TILES - 1) / (16 * TILES);
constexpr unsigned CHUNK = ${CHUNK}, STEPS = WIDTH / 16;
constexpr int PAIR = ${PAIR};
constexpr float LOG2_E = 1.4426950408889634f;

__device__ __forceinline__ void load_row(const Number* row, unsigned (&halves)[STEPS][2]) {
    const unsigned c = threadIdx.x % 4;
#pragma unroll
    for (unsigned step = 0; step + 1 < STEPS; step += 2) {
        const auto loaded = pack<4>(reinterpret_cast<const unsigned*>(row + step * 16 + c * 8));
        halves[step][0] = loaded.items[0];
        halves[step][1] = loaded.items[1];
        halves[step + 1][0] = loaded.items[2];
        halves[step + 1][1] = loaded.items[3];
    }
    if (STEPS % 2 == 1) {
        const auto loaded = pack<2>(reinterpret_cast<const unsigned*>(row + (STEPS - 1) * 16 + c * 4));
        halves[STEPS - 1][0] = loaded.items[0];
        halves[STEPS - 1][1] = loaded.items[1];
    }
}

// Among the four threads that have a row.
__device__ __forceinline__ float quad_max(float x) {
    x = fmaxf(x, from_lane(x, 1));
    return fmaxf(x, from_lane(x, 2));
}
__device__ __forceinline__ float quad_sum(float x) {
    x += from_lane(x, 1);
    return x + from_lane(x, 2);
}

typedef unsigned Queries[TILES][STEPS][4];
typedef float Scores[TILES][CHUNK / 8][4];
typedef float Sums[TILES][VALUE_WIDTH / 8][4];

// Of each row of a thread the largest score so far, and the sum of the shares of what a thread has of it.
struct Totals { float max[TILES][2], total[TILES][2]; };

// Adds shares · V for 16 keys and 8 · N columns from tile FIRST on; a thread has N columns of each of its keys.
template <int N, int FIRST>
__device__ __forceinline__ void add_values(
    Sums& sums, const unsigned (&shares)[TILES][4], const Number* const (&rows)[4]) {
    const unsigned g = threadIdx.x % 32 / 4;
    Pack<unsigned, N / 2> loaded[4];
#pragma unroll
    for (int key = 0; key < 4; ++key) {
        loaded[key] = pack<N / 2>(reinterpret_cast<const unsigned*>(rows[key] + FIRST * 8 + g * N));
    }
#pragma unroll
    for (int column = 0; column < N; ++column) {
        unsigned b[2];
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const unsigned first = loaded[half * 2].items[column / 2], second = loaded[half * 2 + 1].items[column / 2];
            b[half] = column % 2 ? first >> 16 | (second & 0xffff0000u) : (first & 0xffffu) | second << 16;
        }
#pragma unroll
        for (unsigned tile = 0; tile < TILES; ++tile) {
            multiply(sums[tile][FIRST + column], shares[tile], b, Number());
        }
    }
}

// Stores what add_values summed up, of one row.
template <int N, int FIRST>
__device__ __forceinline__ void store(${STORED}* row, const float (&sums)[VALUE_WIDTH / 8][4], int half, float factor) {
    float result[N * 2];
#pragma unroll
    for (int column = 0; column < N; ++column) {
        result[column] = sums[FIRST + column][half * 2] * factor;
        result[N + column] = sums[FIRST + column][half * 2 + 1] * factor;
    }
    put<N * 2>(row + FIRST * 8 + threadIdx.x % 4 * (N * 2), result);
}

__device__ __forceinline__ void load_queries(const Number* q, unsigned batch, unsigned first, Queries& queries) {
    const unsigned g = threadIdx.x % 32 / 4;
#pragma unroll
    for (unsigned tile = 0; tile < TILES; ++tile) {
#pragma unroll
        for (unsigned half = 0; half < 2; ++half) {
            const unsigned query = min(first + tile * 16 + half * 8 + g, QUERIES - 1);
            unsigned row[STEPS][2];
            load_row(q + (${QUERY_PLACE}), row);
#pragma unroll
            for (unsigned step = 0; step < STEPS; ++step) {
                queries[tile][step][half] = row[step][0];
                queries[tile][step][half + 2] = row[step][1];
            }
        }
    }
}

__device__ __forceinline__ void add_scores(
    Scores& scores, const Queries& queries, const Number* k, unsigned batch, unsigned start) {
    const unsigned g = threadIdx.x % 32 / 4;
#pragma unroll
    for (unsigned at = 0; at < CHUNK / 8; ++at) {
        const unsigned key = min(start + at * 8 + g, KEYS - 1);
        unsigned row[STEPS][2];
        load_row(k + (${KEY_PLACE}), row);
#pragma unroll
        for (unsigned step = 0; step < STEPS; ++step) {
#pragma unroll
            for (unsigned tile = 0; tile < TILES; ++tile) {
                multiply(scores[tile][at], queries[tile][step], row[step], Number());
            }
        }
    }
}

// Scales and masks the scores of one row that a thread has; the largest of them and of `most`.
__device__ __forceinline__ float mask(
    float (&scores)[CHUNK / 8][4], int half, const Score& score, unsigned batch, unsigned query, unsigned start, float most) {
    const unsigned first = start + threadIdx.x % 4 * 2;
#pragma unroll
    for (unsigned at = 0; at < CHUNK / 8; ++at) {
#pragma unroll
        for (int lane = 0; lane < 2; lane += PAIR) {
            const unsigned key = first + at * 8 + lane;
            float given[PAIR], result[PAIR];
#pragma unroll
            for (int i = 0; i < PAIR; ++i) {
                given[i] = scores[at][half * 2 + lane + i];
                result[i] = -number(0x7f800000u);
            }
            if (KEYS % CHUNK == 0 || key < KEYS) score(batch, query, key, given, result);
#pragma unroll
            for (int i = 0; i < PAIR; ++i) {
                scores[at][half * 2 + lane + i] = result[i];
                most = fmaxf(most, result[i]);
            }
        }
    }
    return most;
}

// Makes the scores of one row shares, relative to the largest so far, and what was summed up before relative to it too.
__device__ __forceinline__ void soften(
    float (&scores)[CHUNK / 8][4], float (&sums)[VALUE_WIDTH / 8][4], int half, float most, float& max, float& total) {
    most = quad_max(most);
    // Of nothing but -infinity the sum stays 0 and the result is NaN.
    const float base = most == -number(0x7f800000u) ? 0.0f : most * LOG2_E;
    const float factor = fast_exp2(fmaf(max, LOG2_E, -base));
    max = most;
    float sum = 0.0f;
#pragma unroll
    for (unsigned at = 0; at < CHUNK / 8; ++at) {
#pragma unroll
        for (int lane = 0; lane < 2; ++lane) {
            float& x = scores[at][half * 2 + lane];
            x = fast_exp2(fmaf(x, LOG2_E, -base));
            sum += x;
        }
    }
    total = total * factor + sum;
    if (KEYS > CHUNK) {
#pragma unroll
        for (unsigned column = 0; column < VALUE_WIDTH / 8; ++column) {
            sums[column][half * 2] *= factor;
            sums[column][half * 2 + 1] *= factor;
        }
    }
}

__device__ __forceinline__ void add_shares(
    Sums& sums, const Scores& scores, const Number* v, unsigned batch, unsigned start) {
    const unsigned c = threadIdx.x % 4;
#pragma unroll
    for (unsigned at = 0; at < CHUNK / 8; at += 2) {
        unsigned shares[TILES][4];
#pragma unroll
        for (unsigned tile = 0; tile < TILES; ++tile) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float (&pair)[4] = scores[tile][at + i / 2];
                shares[tile][i] = narrow(pair[i % 2 * 2], pair[i % 2 * 2 + 1], Number());
            }
        }
        const Number* rows[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const unsigned key = min(start + at * 8 + i / 2 * 8 + c * 2 + i % 2, KEYS - 1);
            rows[i] = v + (${VALUE_PLACE});
        }
${ADD_VALUES}    }
}

extern "C" __global__ void __launch_bounds__(128)
attention(${STORED}* __restrict__ to, const Number* __restrict__ q, const Number* __restrict__ k,
          const Number* __restrict__ v, ${PARAMETERS}unsigned parts) {
    const unsigned part = (blockIdx.x * 128u + threadIdx.x) / 32, g = threadIdx.x % 32 / 4;
    if (part >= parts) return;
    const unsigned batch = part / PARTS, first = part % PARTS * (16 * TILES);
    const Score score{${PASSED}};
    Queries queries;
    load_queries(q, batch, first, queries);
    Sums sums = {};
    Totals totals = {};
#pragma unroll
    for (unsigned row = 0; row < TILES * 2; ++row) totals.max[row / 2][row % 2] = -number(0x7f800000u);
#pragma unroll 1
    for (unsigned start = 0; start < KEYS; start += CHUNK) {
        Scores scores = {};
        add_scores(scores, queries, k, batch, start);
#pragma unroll
        for (unsigned tile = 0; tile < TILES; ++tile) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const unsigned query = min(first + tile * 16 + half * 8 + g, QUERIES - 1);
                float& max = totals.max[tile][half];
                const float most = mask(scores[tile], half, score, batch, query, start, max);
                soften(scores[tile], sums[tile], half, most, max, totals.total[tile][half]);
            }
        }
        add_shares(sums, scores, v, batch, start);
    }
#pragma unroll
    for (unsigned tile = 0; tile < TILES; ++tile) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float factor = 1.0f / quad_sum(totals.total[tile][half]);
            const unsigned query = first + tile * 16 + half * 8 + g;
            if (query < QUERIES) {
                ${STORED}* row = to + (${PLACE});
${STORE}            }
        }
    }
}
