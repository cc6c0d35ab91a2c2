// One block a tile of 32 queries; tiles of 32 keys, then of their values, pass through shared memory. Eight threads have
// a pair of queries: in the scores each has every eighth key, in the sums every eighth group of four columns.
constexpr unsigned QUERIES = ${QUERIES}, KEYS = ${KEYS}, WIDTH = ${WIDTH}, VALUE_WIDTH = ${VALUE_WIDTH};
constexpr unsigned TILES = (QUERIES + 31) / 32;
constexpr unsigned ROW = WIDTH + 4, VALUE_ROW = VALUE_WIDTH + 4;
constexpr unsigned OWN = (VALUE_WIDTH / 4 + 7) / 8;

// Among the eight threads of a pair of queries.
__device__ __forceinline__ float eight_max(float x) {
#pragma unroll
    for (int mask = 4; mask > 0; mask /= 2) x = fmaxf(x, from_lane(x, mask));
    return x;
}
__device__ __forceinline__ float eight_sum(float x) {
#pragma unroll
    for (int mask = 4; mask > 0; mask /= 2) x += from_lane(x, mask);
    return x;
}

// Loads 32 rows, of which those past the last repeat it, into shared memory.
template <unsigned COUNT, unsigned LINE, typename Row>
__device__ __forceinline__ void load_rows(float* tile, const Row& row_at) {
    for (unsigned at = threadIdx.x; at < 32 * (COUNT / 4); at += 128) {
        const unsigned row = at / (COUNT / 4), column = at % (COUNT / 4) * 4;
        const auto loaded = pack<4>(row_at(row) + column);
#pragma unroll
        for (int lane = 0; lane < 4; ++lane) tile[row * LINE + column + lane] = read(loaded.items[lane]);
    }
}

// Of a pair of queries with every eighth key.
__device__ __forceinline__ void add_scores(float (&scores)[2][4], const float* queries, const float* keys) {
#pragma unroll 4
    for (unsigned at = 0; at < WIDTH; at += 4) {
        Pack<float, 4> left[2], right[4];
#pragma unroll
        for (int i = 0; i < 2; ++i) left[i] = pack<4>(queries + i * ROW + at);
#pragma unroll
        for (int j = 0; j < 4; ++j) right[j] = pack<4>(keys + j * 8 * ROW + at);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
#pragma unroll
            for (int j = 0; j < 4; ++j) {
#pragma unroll
                for (int lane = 0; lane < 4; ++lane) {
                    scores[i][j] = fmaf(left[i].items[lane], right[j].items[lane], scores[i][j]);
                }
            }
        }
    }
}

// Makes the scores of one query shares, relative to the largest so far, and what was summed up before relative to it
// too.
__device__ __forceinline__ void soften(
    const float (&scores)[4], float* shares, float (&sums)[OWN][4], float most, float& max, float& total) {
    most = eight_max(most);
    // Of nothing but -infinity the sum stays 0 and the result is NaN.
    const float base = most == -number(0x7f800000u) ? 0.0f : most;
    const float factor = expf(max - base);
    max = most;
    total *= factor;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        const float share = expf(scores[j] - base);
        total += share;
        shares[j * 8] = share;
    }
    if (KEYS > 32) {
#pragma unroll
        for (unsigned part = 0; part < OWN; ++part) {
#pragma unroll
            for (int lane = 0; lane < 4; ++lane) sums[part][lane] *= factor;
        }
    }
}

__device__ __forceinline__ void add_values(float (&sums)[2][OWN][4], const float* shares, const float* values) {
    const unsigned own = threadIdx.x % 8;
#pragma unroll 4
    for (unsigned at = 0; at < 32; ++at) {
        const float share[2] = {shares[at], shares[36 + at]};
#pragma unroll
        for (unsigned part = 0; part < OWN; ++part) {
            const unsigned column = (part * 8 + own) * 4;
            if (VALUE_WIDTH % 32 == 0 || column < VALUE_WIDTH) {
                const auto row = pack<4>(values + at * VALUE_ROW + column);
#pragma unroll
                for (int i = 0; i < 2; ++i) {
#pragma unroll
                    for (int lane = 0; lane < 4; ++lane) {
                        sums[i][part][lane] = fmaf(share[i], row.items[lane], sums[i][part][lane]);
                    }
                }
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(128)
attention(${STORED}* __restrict__ to, const ${QUERY}* __restrict__ q, const ${KEY}* __restrict__ k,
          const ${VALUE}* __restrict__ v, ${PARAMETERS}unsigned) {
    alignas(16) __shared__ float queries[32 * ROW];
    alignas(16) __shared__ float tile[32 * (ROW > VALUE_ROW ? ROW : VALUE_ROW)];
    alignas(16) __shared__ float shares[32 * 36];
    const unsigned batch = blockIdx.x / TILES, first = blockIdx.x % TILES * 32;
    const unsigned own = threadIdx.x % 8, pair = threadIdx.x / 8 * 2;
    const Score score{${PASSED}};
    load_rows<WIDTH, ROW>(queries, [&](unsigned row) {
        const unsigned query = min(first + row, QUERIES - 1);
        return q + (${QUERY_PLACE});
    });
    float sums[2][OWN][4] = {};
    float max[2] = {-number(0x7f800000u), -number(0x7f800000u)}, total[2] = {0.0f, 0.0f};
#pragma unroll 1
    for (unsigned start = 0; start < KEYS; start += 32) {
        __syncthreads();
        load_rows<WIDTH, ROW>(tile, [&](unsigned row) {
            const unsigned key = min(start + row, KEYS - 1);
            return k + (${KEY_PLACE});
        });
        __syncthreads();
        float scores[2][4] = {};
        add_scores(scores, queries + pair * ROW, tile + own * ROW);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const unsigned query = min(first + pair + i, QUERIES - 1);
            float most = max[i];
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const unsigned key = start + own + j * 8;
                const float given[1] = {scores[i][j]};
                float result[1] = {-number(0x7f800000u)};
                if (KEYS % 32 == 0 || key < KEYS) score(batch, query, key, given, result);
                scores[i][j] = result[0];
                most = fmaxf(most, result[0]);
            }
            soften(scores[i], shares + (pair + i) * 36 + own, sums[i], most, max[i], total[i]);
        }
        __syncthreads();
        load_rows<VALUE_WIDTH, VALUE_ROW>(tile, [&](unsigned row) {
            const unsigned key = min(start + row, KEYS - 1);
            return v + (${VALUE_PLACE});
        });
        __syncthreads();
        add_values(sums, shares + pair * 36, tile);
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const float factor = 1.0f / eight_sum(total[i]);
        const unsigned query = first + pair + i;
        if (query < QUERIES) {
            ${STORED}* row = to + (${PLACE});
#pragma unroll
            for (unsigned part = 0; part < OWN; ++part) {
                const unsigned column = (part * 8 + own) * 4;
                float result[4];
#pragma unroll
                for (int lane = 0; lane < 4; ++lane) result[lane] = sums[i][part][lane] * factor;
                if (column < VALUE_WIDTH) put<4>(row + column, result);
            }
        }
    }
}
